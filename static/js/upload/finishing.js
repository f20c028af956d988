/* Files whose bytes have all arrived: the portal makes files of the draft of them, and its list tells how far it is. */
import { ask } from './requests.js';

/*
 * What the server's list says of a file: { state: 'listed' }, 'finishing', 'failed' with its reason and advice, or 'gone' if
 * the draft has dropped it. `retryUrl` is where it may be finished once more.
 */
export function standing( files, path ) {
	const waiting = Array.from( files.querySelectorAll( '[data-unfinished]' ) )
		.filter( ( each ) => each.dataset.unfinished === path )
		.pop();
	if ( waiting ) {
		const { reason, advice, retryUrl } = waiting.dataset;
		return reason ? { state: 'failed', reason, advice, retryUrl } : { state: 'finishing' };
	}
	const names = Array.from( files.querySelectorAll( '.file-row__name' ) );
	return { state: names.some( ( name ) => name.textContent === path ) ? 'listed' : 'gone' };
}

export async function finishAgain( retryUrl, csrfToken ) {
	await ask( 'POST', retryUrl, { csrfToken } );
}
