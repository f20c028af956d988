/* Requests that hang: a line can die without a word, and a browser by itself waits for ever. */

/* Longer than a busy server takes for an answer; a slow line is no silence, as long as bytes leave. */
export const LONGEST_SILENCE_MS = 60000;

/* Calls `end` once no byte of the request's body has left, and no answer come, for that long. */
export function endSilence( request, end ) {
	let timer = null;
	const wait = () => {
		clearTimeout( timer );
		timer = setTimeout( end, LONGEST_SILENCE_MS );
	};
	request.upload.addEventListener( 'progress', wait );
	request.addEventListener( 'loadend', () => clearTimeout( timer ) );
	wait();
}

/* What `call` resolves with; its signal ends with `signal`, and after that long. */
export async function limited( signal, call ) {
	const limit = new AbortController();
	const stop = () => limit.abort();
	const timer = setTimeout( stop, LONGEST_SILENCE_MS );
	signal?.addEventListener( 'abort', stop );
	if ( signal?.aborted ) {
		stop();
	}
	try {
		return await call( limit.signal );
	} finally {
		clearTimeout( timer );
		signal?.removeEventListener( 'abort', stop );
	}
}
