import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endSilence, limited, LONGEST_SILENCE_MS } from '../js/upload/silence.js';

class Sent extends EventTarget {
	upload = new EventTarget();
}

test( 'a request ends once it is silent, not while its bytes leave', ( { mock } ) => {
	mock.timers.enable( { apis: [ 'setTimeout' ] } );
	const request = new Sent();
	let ends = 0;
	endSilence( request, () => ends++ );
	for ( let round = 0; round < 3; round++ ) {
		mock.timers.tick( LONGEST_SILENCE_MS - 1 );
		request.upload.dispatchEvent( new Event( 'progress' ) );
	}
	assert.equal( ends, 0 );
	mock.timers.tick( LONGEST_SILENCE_MS );
	assert.equal( ends, 1 );
} );

test( 'a request that has ended is left alone', ( { mock } ) => {
	mock.timers.enable( { apis: [ 'setTimeout' ] } );
	const request = new Sent();
	endSilence( request, () => assert.fail( 'it was over' ) );
	request.dispatchEvent( new Event( 'loadend' ) );
	mock.timers.tick( 2 * LONGEST_SILENCE_MS );
} );

test( 'tus hears of a silent request as of a broken line', async ( { mock } ) => {
	mock.timers.enable( { apis: [ 'setTimeout' ] } );
	const { endHanging } = await import( '../js/upload/transfer.js' );
	const told = [];
	const request = Object.assign( new Sent(), { abort: () => told.push( 'aborted' ) } );
	endHanging( { getUnderlyingObject: () => request } );
	request.onerror = () => told.push( 'failed' );
	mock.timers.tick( LONGEST_SILENCE_MS );
	assert.deepEqual( told, [ 'aborted', 'failed' ] );
} );

test( 'a call ends with what it is part of, and when it takes too long', async ( { mock } ) => {
	mock.timers.enable( { apis: [ 'setTimeout' ] } );
	const whole = new AbortController();
	const seen = [];
	const hang = ( signal ) => new Promise( ( resolve ) => {
		seen.push( signal );
		signal.addEventListener( 'abort', () => resolve( 'ended' ) );
	} );
	const calls = [ limited( whole.signal, hang ), limited( null, hang ) ];
	whole.abort();
	assert.deepEqual( seen.map( ( signal ) => signal.aborted ), [ true, false ] );
	mock.timers.tick( LONGEST_SILENCE_MS );
	assert.deepEqual( await Promise.all( calls ), [ 'ended', 'ended' ] );
	assert.ok( await limited( whole.signal, async ( signal ) => signal.aborted ) );
} );
