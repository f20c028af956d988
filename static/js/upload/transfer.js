/* One file on its way by tus: what to send, how to go on with it, what an error means. */
import { Upload } from 'tus-js-client';

const CHUNK_BYTES = 16 * 1024 * 1024;
const RETRY_DELAYS_MS = [ 0, 1000, 3000, 5000, 10000, 20000 ];
const CONFLICT = 409;
const LOCKED = 423;
const SERVER_ERROR = 500;
const STORAGE_FULL = 507;

function statusOf( error ) {
	return error.originalResponse?.getStatus() ?? 0;
}

/* No answer at all, somebody else holding the upload, or a server in trouble: the same request may succeed later. */
function mayPass( error ) {
	const status = statusOf( error );
	return status === 0 || status === CONFLICT || status === LOCKED || ( status >= SERVER_ERROR && status !== STORAGE_FULL );
}

/* The server explains itself in JSON; without that, the page's own words for the situation. */
export function explain( error, texts ) {
	let told = {};
	try {
		told = JSON.parse( error.originalResponse?.getBody() || '{}' );
	} catch {
		/* A proxy between the two answered with a page of its own. */
	}
	if ( told.title ) {
		return { reason: told.title, advice: told.detail ?? '' };
	}
	if ( statusOf( error ) === 0 ) {
		return { reason: texts.get( 'connection_lost' ), advice: texts.get( 'connection_lost_advice' ) };
	}
	return { reason: texts.get( 'failed' ), advice: texts.get( 'failed_advice' ) };
}

export function wasDisconnected( error ) {
	return statusOf( error ) === 0;
}

function headers( csrfToken ) {
	return { 'X-CSRFToken': csrfToken, Accept: 'application/json' };
}

/* `url` is that of an unfinished upload of this very file, or null; a url that the server has dropped makes tus begin anew. */
export function makeUpload( { file, path, version, endpoint, url, csrfToken, chunkBytes, on } ) {
	return new Upload( file, {
		endpoint,
		uploadUrl: url,
		headers: headers( csrfToken ),
		metadata: { filename: path, version, modified: String( file.lastModified ) },
		chunkSize: chunkBytes || CHUNK_BYTES,
		retryDelays: RETRY_DELAYS_MS,
		/* The server's list says what is unfinished; a second record in the browser could only disagree with it. */
		storeFingerprintForResuming: false,
		onShouldRetry: mayPass,
		/* tus-js-client begins anew after any failed HEAD; a server in trouble is worth waiting for instead. */
		onAfterResponse: ( request, response ) => {
			if ( request.getMethod() === 'HEAD' && response.getStatus() >= SERVER_ERROR ) {
				throw new Error( 'The server cannot tell the offset now.' );
			}
		},
		onProgress: on.progress,
		onSuccess: on.success,
		onError: on.error
	} );
}

export async function discard( url, csrfToken ) {
	await Upload.terminate( url, { headers: headers( csrfToken ), retryDelays: RETRY_DELAYS_MS, onShouldRetry: mayPass } );
}
