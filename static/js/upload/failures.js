/* What an error means for an upload, whichever way it goes: an error is as tus-js-client makes it, with the answer in it. */

export const RETRY_DELAYS_MS = [ 0, 1000, 3000, 5000, 10000, 20000 ];
export const SERVER_ERROR = 500;
const CONFLICT = 409;
const LOCKED = 423;
const STORAGE_FULL = 507;

export function statusOf( error ) {
	return error.originalResponse?.getStatus() ?? 0;
}

/* No answer at all, somebody else holding the upload, or a server in trouble: the same request may succeed later. */
export function mayPass( error ) {
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
