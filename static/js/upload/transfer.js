/* One file on its way by tus: what to send, and how to go on with it. */
import { Upload } from 'tus-js-client';
import { mayPass, RETRY_DELAYS_MS, SERVER_ERROR } from './failures.js';
import { endSilence } from './silence.js';

const CHUNK_BYTES = 16 * 1024 * 1024;

/* tus-js-client sets no limit to a request, and hears of no abort that it did not ask for: it is told of a broken line. */
export function endHanging( request ) {
	const sent = request.getUnderlyingObject();
	endSilence( sent, () => {
		sent.abort();
		sent.onerror( new Error( 'The line fell silent.' ) );
	} );
}

function headers( csrfToken ) {
	return { 'X-CSRFToken': csrfToken, Accept: 'application/json' };
}

/* `url` is that of an unfinished upload of this very file, or null; a url that the server has dropped makes tus begin anew. */
function make( { file, path, page, url, csrfToken, chunkBytes, on } ) {
	return new Upload( file, {
		endpoint: page.endpoint,
		uploadUrl: url,
		headers: headers( csrfToken ),
		metadata: { filename: path, version: page.version, modified: String( file.lastModified ) },
		chunkSize: chunkBytes || CHUNK_BYTES,
		retryDelays: RETRY_DELAYS_MS,
		/* The server's list says what is unfinished; a second record in the browser could only disagree with it. */
		storeFingerprintForResuming: false,
		onShouldRetry: mayPass,
		onBeforeRequest: endHanging,
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

async function discard( url, csrfToken ) {
	await Upload.terminate( url, {
		headers: headers( csrfToken ), retryDelays: RETRY_DELAYS_MS, onShouldRetry: mayPass, onBeforeRequest: endHanging
	} );
}

export const tus = { make, discard };
