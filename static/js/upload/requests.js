/* Requests of the direct way. Failures look as those of tus-js-client do, so that both are explained in the same words. */
import { mayPass, RETRY_DELAYS_MS, statusOf } from './failures.js';
import { endSilence, limited } from './silence.js';

const TRIES = 3;
const CONFLICT = 409;
const OK = 200;
const REDIRECT = 300;

function failure( status, body = '' ) {
	return Object.assign( new Error( `The answer was ${ status }.` ), {
		originalResponse: status ? { getStatus: () => status, getBody: () => body } : null
	} );
}

function askOnce( method, path, options ) {
	return limited( options.signal, ( signal ) => answered( method, path, { ...options, signal } ) );
}

async function answered( method, path, { csrfToken, body, signal } ) {
	const headers = { 'X-CSRFToken': csrfToken, Accept: 'application/json', 'Tus-Resumable': '1.0.0' };
	if ( body ) {
		headers[ 'Content-Type' ] = 'application/json';
	}
	let response;
	try {
		response = await fetch( path, { method, headers, body: body && JSON.stringify( body ), signal } );
	} catch {
		throw failure( 0 );
	}
	const text = await response.text().catch( () => '' );
	if ( !response.ok ) {
		throw failure( response.status, text );
	}
	return text ? JSON.parse( text ) : null;
}

/* Asks the portal; what may pass is repeated. Resolves with the answer's JSON, null if it has no body. */
export async function ask( method, path, options ) {
	for ( let tries = 1; ; tries++ ) {
		try {
			return await askOnce( method, path, options );
		} catch ( error ) {
			/* A conflict is told in words here; only tus has ones that pass. */
			if ( options.signal?.aborted || tries === TRIES || statusOf( error ) === CONFLICT || !mayPass( error ) ) {
				throw error;
			}
		}
		await new Promise( ( resolve ) => setTimeout( resolve, RETRY_DELAYS_MS[ tries ] ) );
	}
}

/*
 * Sends one part; `progress` gets bytes of it. fetch() cannot tell how far a body is, so this is the older request. One that
 * falls silent ends as a cut line does.
 */
export function put( url, blob, signal, progress ) {
	return new Promise( ( resolve, reject ) => {
		const request = new XMLHttpRequest();
		const abort = () => request.abort();
		request.open( 'PUT', url );
		request.upload.onprogress = ( event ) => progress( event.loaded );
		request.onload = () => request.status >= OK && request.status < REDIRECT ? resolve() : reject( failure( request.status ) );
		request.onerror = request.onabort = () => reject( failure( 0 ) );
		request.onloadend = () => signal.removeEventListener( 'abort', abort );
		signal.addEventListener( 'abort', abort );
		endSilence( request, abort );
		request.send( blob );
	} );
}
