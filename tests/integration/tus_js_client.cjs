/*
 * Uploads a file with tus-js-client, under node. Arguments: the folder of node_modules, then JSON with `file`, `endpoint`,
 * `headers`, `metadata`, `chunkSize`, `retryDelays`, `uploadUrl` (or null), `stopAt` (bytes, or null).
 * Prints one JSON object per line: {"event": "progress" | "stopped" | "success" | "error" | "terminated", ...}.
 */
'use strict';

const fs = require( 'node:fs' );
const path = require( 'node:path' );

const tus = require( path.join( process.argv[ 2 ], 'tus-js-client' ) );
const wanted = JSON.parse( process.argv[ 3 ] );

function tell( event, facts ) {
	process.stdout.write( JSON.stringify( { event, ...facts } ) + '\n' );
}

if ( wanted.terminate ) {
	tus.Upload.terminate( wanted.uploadUrl, { headers: wanted.headers } ).then( () => tell( 'terminated', {} ) );
} else {
	const upload = new tus.Upload( fs.createReadStream( wanted.file ), {
		endpoint: wanted.endpoint,
		uploadUrl: wanted.uploadUrl,
		headers: wanted.headers,
		metadata: wanted.metadata,
		chunkSize: wanted.chunkSize,
		retryDelays: wanted.retryDelays,
		uploadSize: fs.statSync( wanted.file ).size,
		onChunkComplete( size, accepted ) {
			tell( 'progress', { accepted, url: upload.url } );
			if ( wanted.stopAt && accepted >= wanted.stopAt ) {
				upload.abort().then( () => tell( 'stopped', { url: upload.url } ) );
			}
		},
		onSuccess() {
			tell( 'success', { url: upload.url } );
		},
		onError( error ) {
			tell( 'error', { message: String( error ) } );
			process.exitCode = 1;
		}
	} );
	upload.start();
}
