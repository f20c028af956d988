/*
 * The upload list: files go one after the other, in resumable pieces, and the server's own list is reloaded after each.
 * How one file travels is the `way`: { make, discard } of transfer.js or direct.js. The form around the list works without
 * this script, for files that one request can carry.
 */
import { explain, wasDisconnected } from './failures.js';
import { finishAgain, standing } from './finishing.js';
import { filesOfInput, listenForDrops } from './picking.js';
import { Row } from './row.js';
import { isLeftOut, judge } from './rules.js';
import { limited } from './silence.js';
import { Texts } from './texts.js';
import { Total, UNFINISHED } from './total.js';

const SPEED_WINDOW_MS = 5000;
const REDRAW_MS = 250;
const LISTING_MS = 3000;
const MILESTONES = [ 0.75, 0.5, 0.25 ];
const MOVING = new Set( [ 'waiting', 'uploading' ] );

class Uploader {
	constructor( root, way ) {
		this.root = root;
		this.way = way;
		this.rules = JSON.parse( document.getElementById( 'upload-rules' ).textContent );
		this.texts = new Texts( this.rules.strings, document.documentElement.lang, this.rules.plurals );
		this.csrfToken = root.querySelector( 'input[name="csrfmiddlewaretoken"]' ).value;
		this.list = root.querySelector( '[data-uploads]' );
		this.template = root.querySelector( 'template' );
		this.status = root.querySelector( '[data-status]' );
		this.files = document.querySelector( '[data-files]' );
		this.total = new Total( root.querySelector( '[data-total]' ), this.files, this.texts );
		this.items = [];
		this.milestone = 0;
	}

	begin() {
		for ( const element of this.root.querySelectorAll( '[data-script]' ) ) {
			element.hidden = element.dataset.script === 'hide';
		}
		this.adoptUnfinished();
		for ( const input of this.root.querySelectorAll( 'input[type="file"]' ) ) {
			input.required = false;
			input.addEventListener( 'change', () => {
				this.add( filesOfInput( input ) );
				input.value = '';
			} );
		}
		this.root.addEventListener( 'submit', ( event ) => event.preventDefault() );
		listenForDrops( this.root.querySelector( '[data-drop]' ), ( picked ) => this.add( picked ) );
		window.addEventListener( 'beforeunload', ( event ) => {
			if ( this.items.some( ( item ) => MOVING.has( item.state ) ) ) {
				event.preventDefault();
			}
		} );
		window.addEventListener( 'online', () => {
			this.items.filter( ( item ) => item.disconnected ).forEach( ( item ) => this.again( item ) );
		} );
	}

	/* What the server still waits for: a browser may not reopen files by itself, so the person chooses them again. */
	adoptUnfinished() {
		const rows = this.list.querySelectorAll( '[data-upload-url]' );
		for ( const row of rows ) {
			const { uploadUrl, directUrl, name, size, offset, modified } = row.dataset;
			const item = this.addItem( name, Number( size ) );
			item.url = new URL( uploadUrl, document.baseURI ).href;
			item.directUrl = directUrl;
			item.modified = modified;
			item.sent = Number( offset );
			item.row.advance( item.sent, item.size );
			row.remove();
			if ( item.sent === item.size ) {
				this.show( item, 'done', this.texts.get( 'verifying' ) );
				this.settle( item );
			} else {
				this.show( item, 'reselect', this.texts.get( 'reselect' ) );
			}
		}
	}

	addItem( path, size, file = null ) {
		const item = { path, size, file, sent: 0, state: 'waiting', url: null, upload: null, samples: [] };
		item.row = new Row( this.template, this.texts, item, ( press ) => this.press( item, press ) );
		this.items.push( item );
		this.list.append( item.row.element );
		return item;
	}

	add( picked ) {
		const wanted = picked.filter( ( { path } ) => !isLeftOut( path ) );
		for ( const { path, file } of wanted ) {
			this.addFile( path, file );
		}
		const leftOut = picked.length - wanted.length;
		if ( leftOut ) {
			this.announce( this.texts.get( 'left_out', { count: this.texts.number( leftOut ) } ) );
		}
		this.next();
	}

	addFile( path, file ) {
		const known = this.findUnfinished( path, file );
		if ( known ) {
			known.file = file;
			this.show( known, 'waiting', this.texts.get( 'waiting' ) );
			return;
		}
		const former = this.items.find( ( item ) => item.path === path );
		if ( former && MOVING.has( former.state ) ) {
			this.announce( this.texts.get( 'already_listed', { name: path } ) );
			return;
		}
		const gone = former ? this.drop( former ) : Promise.resolve();
		const verdict = judge( path, file.size, this.rules, this.held(), this.texts );
		const item = this.addItem( path, file.size, file );
		item.ready = gone;
		if ( verdict ) {
			this.show( item, 'refused', verdict );
			this.announce( `${ path }: ${ verdict.reason }` );
		} else {
			this.show( item, 'waiting', this.texts.get( 'waiting' ) );
		}
	}

	/*
	 * The unfinished upload of this very file, even if it was chosen in another way (alone instead of in its folder).
	 * Very file means the same size and time of change: a model trained again often has the very same size, and going on
	 * with the new file's bytes would store a mixture of both.
	 */
	findUnfinished( path, file ) {
		const same = this.items.filter( ( item ) => item.state === 'reselect' && item.size === file.size &&
			item.modified === String( file.lastModified ) );
		const base = ( whole ) => whole.slice( whole.lastIndexOf( '/' ) + 1 );
		return same.find( ( item ) => item.path === path ) ?? same.find( ( item ) => base( item.path ) === base( path ) );
	}

	held() {
		return this.items.filter( ( item ) => UNFINISHED.has( item.state ) ).reduce( ( sum, item ) => sum + item.size, 0 );
	}

	press( item, press ) {
		if ( press === 'pause' ) {
			item.upload?.abort();
			this.show( item, 'paused', this.texts.get( 'paused' ) );
			this.next();
		} else if ( press === 'remove' ) {
			const neighbour = item.row.element.nextElementSibling ?? item.row.element.previousElementSibling;
			this.drop( item );
			( neighbour?.querySelector( 'button:not([hidden])' ) ?? this.root.querySelector( 'input[type="file"]' ) ).focus();
			this.announce( this.texts.get( 'removed', { name: item.path } ) );
			this.next();
		} else {
			this.again( item );
		}
	}

	again( item ) {
		item.disconnected = false;
		if ( item.retryUrl ) {
			this.finishAgain( item );
			return;
		}
		this.show( item, 'waiting', this.texts.get( 'waiting' ) );
		this.next();
	}

	/* Takes an item off the list and its bytes off the server; bytes that cannot be reached expire there by themselves. */
	async drop( item ) {
		this.items = this.items.filter( ( each ) => each !== item );
		item.row.element.remove();
		this.drawTotal();
		const { state } = item;
		item.state = 'removed';
		if ( state === 'done' ) {
			return;
		}
		try {
			if ( item.upload ) {
				await item.upload.abort( true );
			} else if ( item.url ) {
				await this.way.discard( item.url, this.csrfToken );
			}
		} catch {
			/* Gone already, or unreachable: nothing that the person could do about it. */
		}
	}

	next() {
		this.drawTotal();
		if ( this.items.some( ( item ) => item.state === 'uploading' ) ) {
			return;
		}
		const item = this.items.find( ( each ) => each.state === 'waiting' );
		if ( item ) {
			this.send( item );
		}
	}

	async send( item ) {
		if ( !this.milestone ) {
			const waiting = this.items.filter( ( each ) => MOVING.has( each.state ) );
			this.milestone = 0.01;
			this.announce( this.texts.get( 'started', { files: this.texts.number( waiting.length ) } ) );
		}
		item.samples = [];
		this.show( item, 'uploading', '' );
		item.row.advance( item.sent, item.size );
		/* A replaced file's upload must be off the server before the same name comes again; a button may be faster. */
		const turn = {};
		item.turn = turn;
		await item.ready;
		if ( item.state !== 'uploading' || item.turn !== turn ) {
			return;
		}
		item.upload ??= this.way.make( {
			file: item.file,
			path: item.path,
			page: this.root.dataset,
			url: item.url,
			directUrl: item.directUrl,
			csrfToken: this.csrfToken,
			chunkBytes: this.rules.chunk_bytes,
			on: {
				progress: ( sent ) => this.progress( item, sent ),
				success: () => this.succeed( item ),
				error: ( error ) => this.fail( item, error )
			}
		} );
		item.upload.start();
	}

	progress( item, sent ) {
		item.sent = sent;
		const at = performance.now();
		item.samples.push( { at, sent } );
		while ( at - item.samples[ 0 ].at > SPEED_WINDOW_MS ) {
			item.samples.shift();
		}
		if ( at - ( item.drawnAt ?? 0 ) < REDRAW_MS && sent < item.size ) {
			return;
		}
		item.drawnAt = at;
		const [ first ] = item.samples;
		const rate = ( sent - first.sent ) / Math.max( ( at - first.at ) / 1000, 0.001 );
		const note = rate > 0 ?
			this.texts.get( 'pace', { speed: this.texts.bytes( rate ), left: this.texts.duration( ( item.size - sent ) / rate ) } ) :
			'';
		item.row.advance( sent, item.size, note );
		this.drawTotal();
	}

	async succeed( item ) {
		item.sent = item.size;
		this.show( item, 'done', this.texts.get( 'done' ) );
		this.next();
		if ( !this.items.some( ( each ) => MOVING.has( each.state ) ) ) {
			this.milestone = 0;
			this.announce( this.texts.get( 'all_done' ) );
		}
		await this.look( item );
	}

	async look( item ) {
		if ( await this.reloadFiles() ) {
			this.settle( item );
		} else {
			this.waitForListing( item );
		}
	}

	/* Once the server's list shows the file with its digest, the row has served; a long file is verified only later. */
	settle( item ) {
		if ( item.state !== 'done' ) {
			return;
		}
		const found = standing( this.files, item.path );
		if ( found.state === 'finishing' ) {
			item.row.show( 'done', this.texts.get( 'verifying' ) );
			this.waitForListing( item );
			return;
		}
		if ( found.state !== 'listed' ) {
			this.unfinished( item, found );
			return;
		}
		item.row.element.remove();
		if ( !this.items.some( ( each ) => MOVING.has( each.state ) ) ) {
			this.items = this.items.filter( ( each ) => each.state !== 'done' );
		}
		this.drawTotal();
	}

	waitForListing( item ) {
		setTimeout( () => this.look( item ), LISTING_MS );
	}

	/* What arrived could not become a file of the draft, and the portal tells why; or it has dropped the upload. */
	unfinished( item, { state, reason, advice, retryUrl } ) {
		item.retryUrl = retryUrl;
		let told = { reason, advice };
		if ( state === 'gone' ) {
			told = this.rules.messages[ 'upload.unknown' ];
			Object.assign( item, { upload: null, url: null, directUrl: null, sent: 0 } );
		}
		this.show( item, retryUrl || item.file ? 'failed' : 'refused', told );
		this.announce( `${ item.path }: ${ told.reason }` );
	}

	async finishAgain( item ) {
		this.show( item, 'done', this.texts.get( 'verifying' ) );
		try {
			await finishAgain( item.retryUrl, this.csrfToken );
			this.waitForListing( item );
		} catch ( error ) {
			this.fail( item, error );
		}
	}

	fail( item, error ) {
		const told = explain( error, this.texts );
		item.disconnected = wasDisconnected( error );
		this.show( item, 'failed', told );
		this.announce( `${ item.path }: ${ told.reason }` );
		this.next();
	}

	/* Whether the list is the server's present one. */
	async reloadFiles() {
		try {
			const text = await limited( null, async ( signal ) => {
				const response = await fetch( this.root.dataset.filesUrl, { headers: { Accept: 'text/html' }, signal } );
				return response.ok ? response.text() : null;
			} );
			if ( text === null ) {
				return false;
			}
			const focused = this.files.contains( document.activeElement );
			this.files.innerHTML = text;
			if ( focused ) {
				this.files.focus();
			}
			return true;
		} catch {
			/* Offline for a moment: whoever waits for the list asks again. */
			return false;
		}
	}

	show( item, state, message ) {
		item.state = state;
		item.row.show( state, message );
		this.drawTotal();
	}

	drawTotal() {
		const share = this.total.draw( this.items );
		const passed = MILESTONES.find( ( each ) => share >= each ) ?? 0;
		if ( this.milestone && share < 1 && passed > this.milestone ) {
			this.milestone = passed;
			this.announce( this.texts.get( 'milestone', { percent: this.texts.percent( passed ) } ) );
		}
	}

	announce( text ) {
		this.status.textContent = text;
	}
}

export function begin( way ) {
	for ( const root of document.querySelectorAll( 'form[data-upload-form]' ) ) {
		new Uploader( root, way ).begin();
	}
}
