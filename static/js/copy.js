/* Copy buttons: hidden in the page, shown here because only a script can copy. */
const SHOWN_MS = 2000;

function reveal( scope ) {
	for ( const button of scope.querySelectorAll( 'button[data-copy][hidden]' ) ) {
		button.hidden = false;
	}
}

async function copy( button ) {
	const source = document.getElementById( button.dataset.copy );
	const label = button.querySelector( '[data-copy-label]' );
	await navigator.clipboard.writeText( source.textContent.trim() );
	const before = label.textContent;
	label.textContent = button.dataset.copied;
	setTimeout( () => {
		label.textContent = before;
	}, SHOWN_MS );
}

if ( navigator.clipboard ) {
	reveal( document );
	document.addEventListener( 'htmx:load', ( event ) => reveal( event.target ) );
	document.addEventListener( 'click', ( event ) => {
		const button = event.target.closest( 'button[data-copy]' );
		/* A second press while "Copied" stands there must not make that word the button's name for good. */
		if ( button && button.querySelector( '[data-copy-label]' ).textContent !== button.dataset.copied ) {
			copy( button );
		}
	} );
}
