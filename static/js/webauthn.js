/*
 * Security keys and passkeys. A form with data-webauthn ("create", "get" or "login") holds a hidden field "credential";
 * sending it asks the browser for a key first. Sign-in fetches its challenge, the others find it in the page.
 */
import { creationOptions, credentialAsJson, requestOptions } from './webauthn/json.js';

const LONGEST_WAIT_MS = 30000;
const KNOWN_ERRORS = { NotAllowedError: 'cancelled', InvalidStateError: 'known', SecurityError: 'address' };

async function options( form ) {
	if ( form.dataset.webauthn === 'login' ) {
		const response = await fetch( form.action, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout( LONGEST_WAIT_MS ) } );
		if ( !response.ok ) {
			throw new Error( 'no challenge' );
		}
		return response.json();
	}
	return JSON.parse( document.getElementById( 'js_data' ).textContent );
}

async function credential( form ) {
	const given = await options( form );
	if ( form.dataset.webauthn === 'create' ) {
		const passwordless = form.elements.passwordless?.checked === true;
		return navigator.credentials.create( creationOptions( given.creation_options, passwordless ) );
	}
	return navigator.credentials.get( requestOptions( given.request_options ) );
}

function tell( form, kind ) {
	const place = form.querySelector( '[data-webauthn-error]' );
	place.hidden = !kind;
	place.querySelector( '[data-webauthn-text]' ).textContent = kind ? place.dataset[ kind ] : '';
}

async function send( form, button ) {
	button.disabled = true;
	tell( form, '' );
	try {
		form.elements.credential.value = JSON.stringify( credentialAsJson( await credential( form ) ) );
		form.submit();
	} catch ( error ) {
		tell( form, KNOWN_ERRORS[ error.name ] || 'failed' );
	} finally {
		button.disabled = false;
	}
}

/* Keys belong to a host name: a page that is reached by a number can have none. */
const byNumber = /^[\d.]+$|:/.test( location.hostname );

for ( const form of document.querySelectorAll( 'form[data-webauthn]' ) ) {
	if ( byNumber || !window.PublicKeyCredential || !navigator.credentials ) {
		tell( form, 'address' ); // unseen where the form itself is an offer that stays hidden
		continue;
	}
	form.hidden = false;
	form.addEventListener( 'submit', ( event ) => {
		event.preventDefault();
		send( form, event.submitter || form.querySelector( 'button' ) );
	} );
}
