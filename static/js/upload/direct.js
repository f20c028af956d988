/*
 * One file on its way past the portal: its parts go to the object storage by addresses that the portal signed, and the
 * portal looks at what came. Where that does not work at all (a firewall, no CORS rule, storage that is away), the file goes by tus.
 */
import { mayPass, RETRY_DELAYS_MS, statusOf } from './failures.js';
import { ask, put } from './requests.js';

const AT_ONCE = 3;
const MOST_ADDRESSES = 8;
const ROUNDS = 3;
const TRIES_OF_AN_UNKNOWN_WAY = 2;
const NOT_FOUND = 404;
const CONFLICT = 409;
const GONE = 410;

/* Whether a part has ever arrived from this page, and whether it is no use to try: the same for every file on it. */
const way = { works: false, closed: false };

let tusLoading = null;

function loadTus( source ) {
	tusLoading ??= new Promise( ( resolve, reject ) => {
		document.addEventListener( 'upload:tus', ( event ) => resolve( event.detail ), { once: true } );
		const script = Object.assign( document.createElement( 'script' ), { src: source, onerror: () => {
			tusLoading = null;
			script.remove();
			reject( new Error( 'The script is out of reach.' ) );
		} } );
		document.head.append( script );
	} );
	return tusLoading;
}

function isLost( error ) {
	return [ NOT_FOUND, GONE ].includes( statusOf( error ) );
}

function pause( milliseconds, signal ) {
	return new Promise( ( resolve ) => {
		const end = () => {
			clearTimeout( timer );
			signal.removeEventListener( 'abort', end );
			resolve();
		};
		const timer = setTimeout( end, milliseconds );
		signal.addEventListener( 'abort', end );
	} );
}

class DirectUpload {
	/* `directUrl` is the path of an unfinished upload of this very file, if there is one. */
	constructor( options ) {
		this.options = options;
		this.url = options.directUrl;
		this.other = null;
		this.run = null;
	}

	async start() {
		this.run = new AbortController();
		const { signal } = this.run;
		try {
			if ( !this.other && this.goesByTus() ) {
				this.other = ( await loadTus( this.options.page.tusScript ) ).make( this.options );
			}
			if ( signal.aborted ) {
				return;
			}
			if ( this.other ) {
				this.other.start();
				return;
			}
			await this.send( signal );
			this.options.on.success();
		} catch ( error ) {
			if ( !signal.aborted ) {
				this.run.abort();
				await this.recover( error );
			}
		}
	}

	/* An upload that began by tus ends by tus; a new one takes that way where the other was found to be closed. */
	goesByTus() {
		return !this.url && ( way.closed || Boolean( this.options.url ) );
	}

	/* What never worked here is tried by tus, once what was reserved is given back; else the list tells and offers to retry. */
	async recover( error ) {
		if ( way.works || !error.mayGoByTus ) {
			this.options.on.error( error );
			return;
		}
		try {
			await this.giveUp();
			this.options.url = null;
			way.closed = true;
			await this.start();
		} catch {
			this.options.on.error( error );
		}
	}

	async giveUp() {
		if ( !this.url ) {
			return;
		}
		try {
			await ask( 'DELETE', this.url, this.options );
		} catch ( error ) {
			if ( !isLost( error ) ) {
				throw error;
			}
		}
		this.url = null;
	}

	async abort( terminate = false ) {
		this.terminated = terminate;
		this.run?.abort();
		if ( this.other ) {
			await this.other.abort( terminate );
		} else if ( terminate ) {
			await this.giveUp();
		}
	}

	async send( signal ) {
		for ( let round = 1; ; round++ ) {
			const told = await this.state( signal );
			await this.sendParts( told, signal );
			try {
				await this.ask( 'POST', 'completion/', signal );
				return;
			} catch ( error ) {
				if ( statusOf( error ) !== CONFLICT || round === ROUNDS ) {
					throw error;
				}
			}
		}
	}

	/* { part_bytes, parts, arrived }; a new upload where there is none, or none any more. */
	async state( signal ) {
		if ( this.url ) {
			try {
				return await this.ask( 'GET', 'parts/', signal );
			} catch ( error ) {
				if ( !isLost( error ) ) {
					throw error;
				}
				this.url = null;
			}
		}
		const { file, path, page } = this.options;
		const wanted = { path, length: file.size, modified: file.lastModified };
		try {
			/* Not to be broken off: what is reserved must be known, so that it can be used or given back. */
			const made = await ask( 'POST', page.direct, { ...this.options, body: wanted } );
			this.url = new URL( made.upload.url ).pathname;
			if ( this.terminated ) {
				await this.giveUp();
			}
			return { ...made, arrived: [] };
		} catch ( error ) {
			error.mayGoByTus = mayPass( error ) && statusOf( error ) !== 0;
			throw error;
		}
	}

	async sendParts( { part_bytes: partBytes, parts, arrived }, signal ) {
		const there = new Set( arrived );
		const missing = Array.from( { length: parts }, ( _, index ) => index + 1 ).filter( ( number ) => !there.has( number ) );
		const batch = Math.min( Math.max( Math.ceil( missing.length / AT_ONCE ), 1 ), MOST_ADDRESSES );
		const lengthOf = ( number ) => Math.min( partBytes, this.options.file.size - ( number - 1 ) * partBytes );
		const sent = new Map( arrived.map( ( number ) => [ number, lengthOf( number ) ] ) );
		const note = ( number, bytes ) => {
			sent.set( number, bytes );
			if ( !signal.aborted ) {
				this.options.on.progress( Array.from( sent.values() ).reduce( ( sum, each ) => sum + each, 0 ) );
			}
		};
		const worker = async () => {
			while ( missing.length && !signal.aborted ) {
				const numbers = missing.splice( 0, batch );
				const signed = await this.ask( 'POST', 'parts/', signal, { parts: numbers } );
				for ( const { number, url } of signed.parts ) {
					const start = ( number - 1 ) * partBytes;
					const blob = this.options.file.slice( start, start + lengthOf( number ) );
					await this.sendPart( { number, url, blob, note: ( bytes ) => note( number, bytes ) }, signal );
				}
			}
		};
		way.works ||= there.size > 0;
		await Promise.all( Array.from( { length: AT_ONCE }, worker ) );
	}

	/* An address holds for an hour: each further try gets a new one. */
	async sendPart( { number, url, blob, note }, signal ) {
		let address = url;
		for ( let tries = 1; ; tries++ ) {
			try {
				await put( address, blob, signal, note );
				way.works = true;
				note( blob.size );
				return;
			} catch ( error ) {
				note( 0 );
				if ( signal.aborted || tries === RETRY_DELAYS_MS.length || isLost( error ) || this.isClosed( error, tries ) ) {
					error.mayGoByTus = true;
					throw error;
				}
			}
			await pause( RETRY_DELAYS_MS[ tries ], signal );
			[ { url: address } ] = ( await this.ask( 'POST', 'parts/', signal, { parts: [ number ] } ) ).parts;
		}
	}

	/* A browser says no more of a missing CORS rule than of a broken line: no answer, at once and again. */
	isClosed( error, tries ) {
		const busy = statusOf( error ) && mayPass( error );
		return !way.works && !busy && navigator.onLine && tries >= TRIES_OF_AN_UNKNOWN_WAY;
	}

	ask( method, below, signal, body ) {
		return ask( method, this.url + below, { ...this.options, body, signal } );
	}
}

async function discard( url, csrfToken ) {
	await ask( 'DELETE', url, { csrfToken } );
}

export const direct = { make: ( options ) => new DirectUpload( options ), discard };
