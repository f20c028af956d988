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

function kept( storage = new Storage(), at = 0 ) {
	return new Kept( storage, '/drafts/1/card/', () => at );
}

test( 'what was written on the server\'s present words is offered', () => {
	const copy = kept();
	copy.keep( 't1', WRITTEN );
	assert.deepEqual( copy.offer( 't1', PAGE ), [ [ 'title', 'new' ] ] );
	assert.deepEqual( copy.offer( 't1', PAGE ), [ [ 'title', 'new' ] ], 'until it is saved or dropped' );
} );

test( 'nothing is offered that the page shows already, that the server went beyond, that is old or forgotten', () => {
	for ( const [ token, page, days, forget ] of [
		[ 't1', WRITTEN, 0, false ], [ 't2', PAGE, 0, false ], [ 't1', PAGE, 8, false ], [ 't1', PAGE, 0, true ]
	] ) {
		const storage = new Storage();
		kept( storage ).keep( 't1', WRITTEN );
		if ( forget ) {
			kept( storage ).forget();
		}
		assert.equal( kept( storage, days * DAY_MS ).offer( token, page ), null );
		assert.equal( storage.items.size, 0 );
	}
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
		{ name: '', type: 'submit', value: 'Save' }
	];
	restore( { elements: controls }, [ [ 'title', 'new' ], [ 'language', 'fr' ], [ 'gone', 'x' ] ] );
	assert.deepEqual( controls.map( ( control ) => control.checked ?? control.value ), [ 'new', false, true, 't1', 'Save' ] );
	assert.deepEqual( written( [ [ 'then', 'add' ], [ 'file', {} ] ] ), [] );
} );
