/*
 * The review desk's keys, loaded only for accounts that have them on: J and K walk the rows, Ctrl+Enter sends the form
 * one is writing in, ? shows the list. Enter opens a row because the row's link has the focus.
 */
const dialog = document.getElementById( 'shortcuts' );

function isWriting( target ) {
	return target.closest( 'input, textarea, select, [contenteditable]' ) !== null;
}

function step( by ) {
	const rows = [ ...document.querySelectorAll( 'a[data-row]' ) ];
	const present = rows.findIndex( ( row ) => row.closest( 'tr' ).contains( document.activeElement ) );
	const next = rows[ present < 0 ? ( by > 0 ? 0 : rows.length - 1 ) : present + by ];
	if ( next ) {
		next.focus();
		next.scrollIntoView( { block: 'nearest' } );
	}
}

/* Keyboards of other scripts send letters of their own from the same key. */
function letter( event ) {
	return /^[a-z]$/i.test( event.key ) ? event.key.toLowerCase() : event.code.replace( 'Key', '' ).toLowerCase();
}

document.addEventListener( 'keydown', ( event ) => {
	if ( event.key === 'Enter' && ( event.ctrlKey || event.metaKey ) ) {
		const form = event.target.closest( 'form[data-send-by-keyboard]' );
		if ( form ) {
			event.preventDefault();
			form.requestSubmit();
		}
		return;
	}
	if ( event.ctrlKey || event.metaKey || event.altKey || isWriting( event.target ) || dialog?.open ) {
		return;
	}
	if ( event.key === '?' ) {
		dialog?.showModal();
	} else if ( letter( event ) === 'j' ) {
		step( 1 );
	} else if ( letter( event ) === 'k' ) {
		step( -1 );
	}
} );
