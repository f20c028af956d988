import assert from 'node:assert/strict';
import { test } from 'node:test';
import { creationOptions, credentialAsJson, requestOptions, toBytes, toText } from '../js/webauthn/json.js';

const CREATION = {
	publicKey: {
		challenge: '-_8',
		user: { id: 'MQ', name: 'amina' },
		excludeCredentials: [ { type: 'public-key', id: 'AAE' } ],
		authenticatorSelection: { userVerification: 'preferred' }
	}
};

test( 'bytes survive the way as base64url, whatever their number', () => {
	for ( const length of [ 0, 1, 2, 3, 64 ] ) {
		const bytes = Uint8Array.from( { length }, ( _, i ) => ( i * 37 + 251 ) % 256 );
		assert.deepEqual( toBytes( toText( bytes.buffer ) ), bytes );
		assert.doesNotMatch( toText( bytes.buffer ), /[+/=]/ );
	}
} );

test( 'a passkey is found without a name and checks its holder', () => {
	const { publicKey } = creationOptions( CREATION, true );
	assert.deepEqual( publicKey.authenticatorSelection, {
		userVerification: 'required', residentKey: 'required', requireResidentKey: true
	} );
	assert.deepEqual( publicKey.challenge, Uint8Array.of( 251, 255 ) );
	assert.deepEqual( publicKey.user.id, Uint8Array.of( 49 ) );
	assert.deepEqual( publicKey.excludeCredentials[ 0 ].id, Uint8Array.of( 0, 1 ) );
} );

test( 'a second factor takes no room on the key', () => {
	const { publicKey } = creationOptions( CREATION, false );
	assert.equal( publicKey.authenticatorSelection.residentKey, 'discouraged' );
	assert.equal( publicKey.authenticatorSelection.userVerification, 'preferred' );
	assert.equal( CREATION.publicKey.authenticatorSelection.residentKey, undefined );
} );

test( 'a sign-in by passkey names no credential', () => {
	assert.deepEqual( requestOptions( { publicKey: { challenge: 'AA' } } ).publicKey.allowCredentials, [] );
} );

test( 'the answer holds what the kind of response has', () => {
	const bytes = Uint8Array.of( 1, 2 ).buffer;
	const common = { type: 'public-key', id: 'AQI', rawId: bytes, getClientExtensionResults: () => ( {} ) };
	const signed = credentialAsJson( {
		...common, response: { clientDataJSON: bytes, authenticatorData: bytes, signature: bytes, userHandle: null }
	} );
	assert.deepEqual( signed.response, {
		clientDataJSON: 'AQI', authenticatorData: 'AQI', signature: 'AQI', userHandle: null
	} );
	const made = credentialAsJson( {
		...common, response: { clientDataJSON: bytes, attestationObject: bytes, getTransports: () => [ 'usb' ] }
	} );
	assert.deepEqual( made.response.transports, [ 'usb' ] );
} );
