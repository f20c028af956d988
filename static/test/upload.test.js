import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOfDrop, filesOfInput } from '../js/upload/picking.js';
import { isLeftOut, judge } from '../js/upload/rules.js';
import { Texts } from '../js/upload/texts.js';
import { explain } from '../js/upload/failures.js';

const texts = new Texts( {
	too_large: 'too large',
	too_large_advice: 'up to {limit}',
	total_too_large: 'total',
	total_too_large_advice: 'up to {limit}',
	connection_lost: 'lost',
	connection_lost_advice: 'wait',
	failed: 'failed',
	failed_advice: 'retry'
}, 'en' );
const rules = {
	max_file_bytes: 1000,
	max_total_bytes: 1500,
	models: { '.onnx': { formats: [ 'onnx' ], max: 5000 } },
	side: { extensions: [ '.json' ], names: [ 'license' ], max: 100 },
	refused: { '.pkl': { code: 'gate.pickle', advice: 'skops.io.dump()' } },
	messages: {
		'gate.pickle': { reason: 'runs code', advice: 'convert' },
		'gate.unknown': { reason: 'no “{extension}”', advice: '.onnx' },
		'gate.empty': { reason: 'empty', advice: '' },
		'gate.too_large': { reason: 'large', advice: '' }
	}
};

function verdict( path, size = 1, held = 0 ) {
	return judge( path, size, rules, held, texts );
}

test( 'files within the limits are sent', () => {
	assert.equal( verdict( 'a/model.ONNX', 1000 ), null );
	assert.equal( verdict( 'config.json', 100 ), null );
	assert.equal( verdict( 'docs/LICENSE' ), null );
} );

test( 'a refused file is told why, what to do and how', () => {
	assert.deepEqual( verdict( 'w/head.PKL' ), { reason: 'runs code', advice: 'convert', command: 'skops.io.dump()' } );
} );

test( 'an unknown file is told by its ending, or its name if it has none', () => {
	assert.equal( verdict( 'x.$&' ).reason, 'no “.$&”' );
	assert.equal( verdict( 'weights' ).reason, 'no “weights”' );
	assert.equal( verdict( 'constructor' ).reason, 'no “constructor”' );
} );

test( 'each limit is kept', () => {
	assert.equal( verdict( 'm.onnx', 0 ).reason, 'empty' );
	assert.equal( verdict( 'c.json', 101 ).reason, 'large' );
	assert.equal( verdict( 'm.onnx', 1001 ).reason, 'too large' );
	assert.equal( verdict( 'm.onnx', 600, 901 ).reason, 'total' );
	assert.equal( verdict( 'm.onnx', 600, 900 ), null );
} );

test( 'what tools leave in folders is not offered', () => {
	assert.ok( isLeftOut( '.git/HEAD' ) );
	assert.ok( isLeftOut( 'data/.DS_Store' ) );
	assert.ok( isLeftOut( 'Thumbs.db' ) );
	assert.ok( !isLeftOut( 'weights/model.onnx' ) );
} );

test( 'a chosen folder means its content', () => {
	const file = ( name, webkitRelativePath ) => ( { name, webkitRelativePath } );
	const input = { files: [ file( 'm.onnx', 'mine/weights/m.onnx' ), file( 'alone.json', '' ) ] };
	assert.deepEqual( filesOfInput( input ).map( ( each ) => each.path ), [ 'weights/m.onnx', 'alone.json' ] );
} );

function fileEntry( fullPath ) {
	return { isFile: true, fullPath, file: ( resolve ) => resolve( { name: fullPath } ) };
}

function folderEntry( fullPath, portions ) {
	const left = [ ...portions, [] ];
	return { isFile: false, isDirectory: true, fullPath, createReader: () => ( { readEntries: ( resolve ) => resolve( left.shift() ) } ) };
}

function dropOf( ...entries ) {
	return { items: entries.map( ( entry ) => ( { webkitGetAsEntry: () => entry } ) ), files: [] };
}

test( 'a dropped folder is read to its end, portion by portion', async () => {
	const folder = folderEntry( '/mine', [ [ fileEntry( '/mine/a.json' ) ], [ fileEntry( '/mine/b.json' ) ] ] );
	assert.deepEqual( ( await filesOfDrop( dropOf( folder ) ) ).map( ( each ) => each.path ), [ 'a.json', 'b.json' ] );
} );

test( 'a folder dropped among other things keeps its name', async () => {
	const folder = folderEntry( '/weights', [ [ fileEntry( '/weights/a.bin' ) ] ] );
	const found = await filesOfDrop( dropOf( folder, fileEntry( '/card.json' ) ) );
	assert.deepEqual( found.map( ( each ) => each.path ), [ 'weights/a.bin', 'card.json' ] );
} );

test( 'numbers read as the page has them', () => {
	assert.equal( texts.bytes( 1 ), '1 byte' );
	assert.equal( texts.bytes( 1024 * 1024 * 3.5 ), '3.5 MB' );
	assert.equal( texts.duration( 0.2 ), '1 sec' );
	assert.equal( texts.duration( 80 ), '1 min 20 sec' );
	assert.equal( texts.duration( 3720 ), '1 hr 2 min' );
	assert.equal( new Texts( {}, 'de' ).bytes( 1536 ), '1,5 KB' );
} );

test( 'a missing text shows its key instead of breaking the list', () => {
	assert.equal( texts.get( 'no_such_text' ), 'no_such_text' );
	assert.equal( new Texts( { a: 'Pause {name}' }, 'en' ).get( 'a', { name: '$& {x}' } ), 'Pause $& {x}' );
} );

function answered( status, body ) {
	return { originalResponse: { getStatus: () => status, getBody: () => body } };
}

test( 'the server\'s own words come before ours', () => {
	assert.deepEqual( explain( answered( 413, '{"title":"No room.","detail":"Remove files."}' ), texts ), {
		reason: 'No room.',
		advice: 'Remove files.'
	} );
	assert.equal( explain( answered( 502, '<html>' ), texts ).reason, 'failed' );
	assert.equal( explain( {}, texts ).reason, 'lost' );
} );
