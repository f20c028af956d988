/*
 * The theme switch without a page load. The server reads the same cookie, so the next page starts in the right theme;
 * without this script the form posts and the server sets the cookie.
 */
const YEAR_S = 365 * 24 * 3600;
const root = document.documentElement;
const systemDark = window.matchMedia( '(prefers-color-scheme: dark)' );

function current() {
	return root.dataset.theme || ( systemDark.matches ? 'dark' : 'light' );
}

function show( form ) {
	const next = current() === 'dark' ? 'light' : 'dark';
	const button = form.querySelector( 'button' );
	button.value = next;
	button.setAttribute( 'aria-label', next === 'dark' ? form.dataset.labelDark : form.dataset.labelLight );
}

for ( const form of document.querySelectorAll( 'form[data-theme-switch]' ) ) {
	form.hidden = false;
	show( form );
	systemDark.addEventListener( 'change', () => show( form ) );
	form.addEventListener( 'submit', ( event ) => {
		event.preventDefault();
		const theme = current() === 'dark' ? 'light' : 'dark';
		root.dataset.theme = theme;
		const secure = location.protocol === 'https:' ? '; Secure' : '';
		document.cookie = `theme=${ theme }; Path=/; Max-Age=${ YEAR_S }; SameSite=Lax${ secure }`;
		show( form );
	} );
}

/* <details> menus close on Escape and on a click elsewhere, as menus do. */
function closeMenus( except ) {
	for ( const menu of document.querySelectorAll( 'details[data-menu][open]' ) ) {
		if ( menu !== except ) {
			menu.open = false;
		}
	}
}
document.addEventListener( 'click', ( event ) => closeMenus( event.target.closest( 'details[data-menu]' ) ) );
document.addEventListener( 'keydown', ( event ) => {
	const menu = event.key === 'Escape' && event.target.closest( 'details[data-menu][open]' );
	if ( menu ) {
		menu.open = false;
		menu.querySelector( 'summary' ).focus();
	}
} );
