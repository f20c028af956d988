/* Fragments that ask for themselves again rest while nobody looks: a hidden tab sends nothing. */
document.addEventListener( 'htmx:beforeRequest', ( event ) => {
	if ( document.hidden && event.target.matches( '[data-poll]' ) ) {
		event.preventDefault();
	}
} );
