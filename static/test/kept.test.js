import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kept, restore, written } from '../js/draft/kept.js';

class Storage {
	constructor() {
		this.items = new Map();
	}

	getItem( key ) {
		return this.items.get( key ) ?? null;
	}

	setItem( key, value ) {
		this.items.set( key, value );
	}

	removeItem( key ) {
		this.items.delete( key );
	}
}

const DAY_MS = 24 * 60 * 60 * 1000;
const PAGE = [ [ 'csrfmiddlewaretoken', 'x' ], [ 'token', 't1' ], [ 'title', 'old' ] ];
const WRITTEN = [ [ 'csrfmiddlewaretoken', 'y' ], [ 'token', 't1' ], [ 'title', 'new' ] ];

/* A window of its own each time. */
function kept( storage = new Storage(), at = 0 ) {
	return new Kept( storage, '/drafts/1/card/', () => at );
}

function offered( storage, token = 't1', page = PAGE, at = 0 ) {
	const found = kept( storage, at ).offer( token, page );
	return found && [ found.entries[ 0 ][ 1 ], found.earlier ];
}

test( 'what was written is offered until it is settled, also on another edition than it was written on', () => {
	const storage = new Storage();
	kept( storage ).keep( 't1', WRITTEN );
	assert.deepEqual( offered( storage ), [ 'new', false ] );
	assert.deepEqual( offered( storage, 't2' ), [ 'new', true ] );
	const window = kept( storage );
	window.keep( 't2', [ [ 'title', 'other' ] ] );
	window.forget();
	assert.deepEqual( offered( storage, 't2' ), [ 'new', true ], 'a save of other words ends them not' );
	window.settle( window.offer( 't2', PAGE ) );
	assert.equal( storage.items.size, 0 );
} );

test( 'words of several windows are offered one after the other, the same ones once', () => {
	const storage = new Storage();
	for ( const title of [ 'one', 'two', 'two ' ] ) {
		kept( storage ).keep( 't1', [ [ 'title', title ] ] );
	}
	const window = kept( storage );
	const seen = [];
	for ( let found = window.offer( 't1', PAGE ); found; found = window.offer( 't1', PAGE ) ) {
		seen.push( found.entries[ 0 ][ 1 ] );
		window.settle( found );
	}
	assert.deepEqual( seen, [ 'two ', 'one' ] );
} );

test( 'nothing is offered that the page shows already, that was saved, or that is old', () => {
	for ( const [ token, page, days ] of [
		[ 't1', WRITTEN, 0 ], [ 't2', WRITTEN, 0 ], [ 't1', [ [ 'title', ' new\r\n' ] ], 0 ], [ 't1', PAGE, 8 ]
	] ) {
		const storage = new Storage();
		kept( storage ).keep( 't1', WRITTEN );
		assert.equal( offered( storage, token, page, days * DAY_MS ), null );
	}
	const storage = new Storage();
	const window = kept( storage );
	window.keep( 't1', WRITTEN );
	window.forget();
	assert.equal( storage.items.size, 0 );
} );

test( 'the server\'s way of writing a list is not taken for other words, but a space that is not saved is one', () => {
	const storage = new Storage();
	kept( storage ).keep( 't1', [ [ 'tags', 'a,b' ], [ 'example-1-origin', 'new' ] ] );
	const page = [ [ 'tags', 'a, b' ], [ 'example-1-origin', '0' ] ];
	assert.deepEqual( offered( storage, 't1', page ), [ 'a,b', false ] );
	assert.equal( offered( storage, 't2', page ), null );
} );

test( 'a browser that keeps nothing is no fault, and neither is what is no copy of ours', () => {
	const none = kept( {
		getItem() {
			throw new Error( 'denied' );
		},
		setItem() {
			throw new Error( 'full' );
		},
		removeItem() {
			throw new Error( 'denied' );
		}
	} );
	none.keep( 't1', WRITTEN );
	assert.equal( none.offer( 't1', PAGE ), null );
	const storage = new Storage();
	storage.setItem( 'draft:/drafts/1/card/', '{' );
	assert.equal( kept( storage ).offer( 't1', PAGE ), null );
} );

test( 'values go back into controls of their names', () => {
	const controls = [
		{ name: 'title', type: 'text', value: 'old' },
		{ name: 'language', type: 'checkbox', value: 'en', checked: true },
		{ name: 'language', type: 'checkbox', value: 'fr', checked: false },
		{ name: 'token', type: 'hidden', value: 't1' },
		{ name: 'example-1-origin', type: 'hidden', value: '0' },
		{ name: '', type: 'submit', value: 'Save' }
	];
	restore( { elements: controls }, [ [ 'title', 'new' ], [ 'language', 'fr' ], [ 'gone', 'x' ], [ 'example-1-origin', 'new' ] ] );
	assert.deepEqual( controls.map( ( control ) => control.checked ?? control.value ), [ 'new', false, true, 't1', '0', 'Save' ] );
	assert.deepEqual( written( [ [ 'then', 'add' ], [ 'file', {} ] ] ), [] );
} );
