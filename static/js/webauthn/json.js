/* What the server sends and takes as JSON, and what the browser wants as bytes (WebAuthn, "JSON serialization"). */

export function toBytes( text ) {
	const plain = atob( text.replaceAll( '-', '+' ).replaceAll( '_', '/' ) );
	return Uint8Array.from( plain, ( character ) => character.charCodeAt( 0 ) );
}

export function toText( buffer ) {
	const plain = String.fromCharCode( ...new Uint8Array( buffer ) );
	return btoa( plain ).replaceAll( '+', '-' ).replaceAll( '/', '_' ).replaceAll( '=', '' );
}

function described( credentials ) {
	return ( credentials || [] ).map( ( each ) => ( { ...each, id: toBytes( each.id ) } ) );
}

/* A key that signs in by itself must be found without a name and must check who holds it. */
export function creationOptions( options, passwordless ) {
	const publicKey = options.publicKey;
	const selection = { ...publicKey.authenticatorSelection };
	selection.residentKey = passwordless ? 'required' : 'discouraged';
	selection.requireResidentKey = passwordless;
	if ( passwordless ) {
		selection.userVerification = 'required';
	}
	return {
		publicKey: {
			...publicKey,
			challenge: toBytes( publicKey.challenge ),
			user: { ...publicKey.user, id: toBytes( publicKey.user.id ) },
			excludeCredentials: described( publicKey.excludeCredentials ),
			authenticatorSelection: selection
		}
	};
}

export function requestOptions( options ) {
	const publicKey = options.publicKey;
	return {
		publicKey: {
			...publicKey,
			challenge: toBytes( publicKey.challenge ),
			allowCredentials: described( publicKey.allowCredentials )
		}
	};
}

const BYTES = [ 'clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle' ];

export function credentialAsJson( credential ) {
	const response = {};
	for ( const name of BYTES ) {
		const value = credential.response[ name ];
		if ( value !== undefined ) {
			response[ name ] = value && toText( value );
		}
	}
	if ( credential.response.getTransports ) {
		response.transports = credential.response.getTransports();
	}
	return {
		type: credential.type,
		id: credential.id,
		rawId: toText( credential.rawId ),
		response,
		authenticatorAttachment: credential.authenticatorAttachment,
		clientExtensionResults: credential.getClientExtensionResults()
	};
}
