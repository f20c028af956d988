import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { LONGEST_SILENCE_MS } from '../js/upload/silence.js';

/* A browser of a few lines: requests are answered by the test, and nobody waits. */
const MB = 1 << 20;
const SILENCE = -1;
const page = { direct: '/begin/', tusScript: '/tus.js' };
const file = new File( [ new Uint8Array( 2.5 * MB ) ], 'model.npy', { lastModified: 7 } );
let asked;
let answers;
let puts;
let putAnswers;

const silences = new Set();
globalThis.setTimeout = ( run, milliseconds ) => {
	if ( milliseconds === LONGEST_SILENCE_MS ) {
		silences.add( run );
	} else {
		setImmediate( run );
	}
	return run;
};
globalThis.clearTimeout = ( run ) => silences.delete( run );
Object.defineProperty( globalThis, 'navigator', { value: { onLine: true } } );
globalThis.document = Object.assign( new EventTarget(), {
	createElement: () => ( { remove() {} } ),
	head: { append: () => document.dispatchEvent( new CustomEvent( 'upload:tus', { detail: tus } ) ) }
} );
globalThis.fetch = async ( path, { method, body } ) => {
	asked.push( `${ method } ${ path }` );
	const given = answers[ `${ method } ${ path }` ];
	const [ status, told ] = typeof given === 'function' ? given( body && JSON.parse( body ) ) : given;
	return { ok: status < 400, status, text: async () => told ? JSON.stringify( told ) : '' };
};
globalThis.XMLHttpRequest = class extends EventTarget {
	upload = new EventTarget();

	open( method, url ) {
		this.url = url;
	}

	send( blob ) {
		puts.push( [ this.url, blob.size ] );
		const status = putAnswers.length ? putAnswers.shift() : 200;
		if ( status === SILENCE ) {
			setImmediate( [ ...silences ].at( -1 ) );
			return;
		}
		setImmediate( () => {
			this.status = status;
			this.end( status ? this.onload : this.onerror );
		} );
	}

	abort() {
		this.end( this.onabort );
	}

	end( how ) {
		how();
		this.dispatchEvent( new Event( 'loadend' ) );
		this.onloadend();
	}
};

let startTus;
const tus = { make: ( options ) => ( { start: () => startTus( options.url ), abort() {} } ) };

beforeEach( () => {
	asked = [];
	puts = [];
	putAnswers = [];
	let signed = 0;
	answers = {
		'POST /begin/': () => [ 201, { upload: { url: 'http://portal.example/u/1/' }, part_bytes: MB, parts: 3 } ],
		'GET /u/1/parts/': [ 200, { part_bytes: MB, parts: 3, arrived: [ 1 ] } ],
		'POST /u/1/parts/': ( { parts } ) => [ 200, { parts: parts.map( ( number ) => ( { number, url: `/s3/${ number }?${ ++signed }` } ) ) } ],
		'POST /u/1/completion/': [ 202, {} ],
		'DELETE /u/1/': [ 204 ]
	};
} );

/* A page of its own for each test: what is known of the way is the page's. */
async function send( changes = {} ) {
	const { direct } = await import( `../js/upload/direct.js?${ Math.random() }` );
	return new Promise( ( resolve ) => {
		const sent = [];
		const on = {
			progress: ( bytes ) => sent.push( bytes ),
			success: () => resolve( { done: true, sent } ),
			error: ( error ) => resolve( { error, sent } )
		};
		startTus = ( url ) => resolve( { tus: true, url } );
		direct.make( { file, path: 'model.npy', page, csrfToken: 't', on, ...changes } ).start();
	} );
}

test( 'parts of a new file travel and are completed', async () => {
	const told = await send();
	assert.ok( told.done );
	assert.equal( told.sent.at( -1 ), file.size );
	assert.deepEqual( puts.map( ( [ , size ] ) => size ).sort(), [ 0.5 * MB, MB, MB ].sort() );
	assert.equal( asked.at( -1 ), 'POST /u/1/completion/' );
} );

test( 'an unfinished one goes on with what has not arrived', async () => {
	const told = await send( { url: 'http://portal.example/uploads/1', directUrl: '/u/1/' } );
	assert.ok( told.done );
	assert.equal( puts.length, 2 );
	assert.ok( !asked.includes( 'POST /begin/' ) );
} );

test( 'one that the storage has dropped begins anew', async () => {
	answers[ 'GET /u/1/parts/' ] = [ 404, { title: 'unknown' } ];
	assert.ok( ( await send( { directUrl: '/u/1/' } ) ).done );
	assert.equal( puts.length, 3 );
} );

test( 'a part that is refused is sent again to a new address', async () => {
	putAnswers = [ 200, 403, 503 ];
	assert.ok( ( await send() ).done );
	assert.equal( puts.length, 5 );
	assert.equal( new Set( puts.map( ( [ url ] ) => url ) ).size, 5 );
} );

test( 'a part that falls silent is sent again to a new address', async () => {
	putAnswers = [ 200, SILENCE ];
	const told = await send();
	assert.ok( told.done );
	assert.equal( puts.length, 4 );
	assert.equal( new Set( puts.map( ( [ url ] ) => url ) ).size, 4 );
	assert.equal( silences.size, 0, 'nothing waits on after its end' );
} );

test( 'a storage that lets nothing in is left for tus, and the room is given back', async () => {
	putAnswers = new Array( 9 ).fill( 0 );
	const told = await send();
	assert.ok( told.tus );
	assert.equal( told.url, null );
	assert.ok( asked.includes( 'DELETE /u/1/' ) );
} );

test( 'a portal that takes no parts any more is spoken to by tus', async () => {
	answers[ 'POST /begin/' ] = [ 409, { title: 'off' } ];
	assert.ok( ( await send() ).tus );
} );

test( 'an upload that began by tus ends by tus', async () => {
	const url = 'http://portal.example/uploads/2';
	assert.deepEqual( await send( { url } ), { tus: true, url } );
} );

test( 'a line that breaks later is told and keeps what arrived', async () => {
	putAnswers = [ 200, ...new Array( 30 ).fill( 0 ) ];
	const told = await send();
	assert.equal( told.error.originalResponse, null );
	assert.ok( !asked.includes( 'DELETE /u/1/' ) );
} );

test( 'what does not fit is told in the portal\'s words, not tried by tus', async () => {
	answers[ 'POST /begin/' ] = [ 413, { title: 'No room.' } ];
	const told = await send();
	assert.match( told.error.originalResponse.getBody(), /No room/ );
} );

test( 'parts that turn out to be missing are sent once more', async () => {
	let tries = 0;
	answers[ 'POST /u/1/completion/' ] = () => ++tries === 1 ? [ 409, { title: 'missing' } ] : [ 202, {} ];
	assert.ok( ( await send() ).done );
	assert.equal( puts.length, 5 );
} );
