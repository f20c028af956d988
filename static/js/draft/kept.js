/*
 * What was written and is not saved, kept by the browser for a week: offered when the page is opened again. Each window
 * keeps its own words, and only a save of these words, or their reader's own decision, ends them.
 */

const DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;
const RADIX = 36;
/* These change with every page, and say nothing of what was written. */
const OWN = new Set( [ 'token', 'csrfmiddlewaretoken', 'then' ] );
/* On which stored example the fields beside it stand: the page knows that better than what was kept. */
const ORIGIN = '-origin';

function isOwn( name ) {
	return OWN.has( name ) || name.endsWith( ORIGIN );
}

export function written( entries ) {
	return Array.from( entries ).filter( ( [ name, value ] ) => !isOwn( name ) && typeof value === 'string' );
}

/* What the server stores of a text has other line ends, and no space around it. */
function trimmed( value ) {
	return value.replaceAll( '\r\n', '\n' ).trim();
}

/* Nor, in lists and numbers, the space that was typed between. */
function bare( value ) {
	return value.replace( /\s+/g, '' );
}

function same( some, others, plain ) {
	const text = ( entries ) => JSON.stringify( written( entries ).map( ( [ name, value ] ) => [ name, plain( value ) ] ) );
	return text( some ) === text( others );
}

export class Kept {
	constructor( storage, key, now = Date.now ) {
		this.storage = storage;
		this.key = `draft:${ key }`;
		this.now = now;
		this.by = Math.random().toString( RADIX );
	}

	/* This window's words, written on the edition that `token` names. */
	keep( token, entries ) {
		const mine = { by: this.by, token, at: this.now(), entries: written( entries ) };
		this.write( [ mine, ...this.others().filter( ( each ) => !same( each.entries, mine.entries, trimmed ) ) ] );
	}

	/* This window's words are saved. */
	forget() {
		this.write( this.others() );
	}

	/* The newest words that go beyond what the page shows: { by, entries, earlier }, null without any. */
	offer( token, entries ) {
		const others = this.others();
		const beyond = others.filter( ( each ) => !same( each.entries, entries, each.token === token ? trimmed : bare ) );
		if ( beyond.length < others.length ) {
			this.write( [ ...this.read().filter( ( each ) => each.by === this.by ), ...beyond ] );
		}
		const [ newest ] = beyond;
		return newest ? { by: newest.by, entries: newest.entries, earlier: newest.token !== token } : null;
	}

	/* Words that were offered are back on the page, or not wanted any more. */
	settle( offered ) {
		this.write( this.read().filter( ( each ) => each.by !== offered.by ) );
	}

	others() {
		return this.read().filter( ( each ) => each.by !== this.by );
	}

	read() {
		try {
			const found = [ JSON.parse( this.storage.getItem( this.key ) ) ?? [] ].flat();
			return found.filter( ( each ) => this.now() - each.at < DAYS * DAY_MS );
		} catch {
			return [];
		}
	}

	write( all ) {
		try {
			if ( all.length ) {
				this.storage.setItem( this.key, JSON.stringify( all ) );
			} else {
				this.storage.removeItem( this.key );
			}
		} catch {
			/* No room, or a browser that keeps nothing: the page says that it is not saved, as it did before. */
		}
	}
}

/* Put values back into a form's controls of the same names; what the form no longer has is left out. */
export function restore( form, entries ) {
	const values = grouped( entries );
	for ( const control of form.elements ) {
		if ( !control.name || isOwn( control.name ) || control.type === 'file' ) {
			continue;
		}
		const given = ( values.get( control.name ) ?? [] ).map( ( [ , value ] ) => value );
		if ( control.type === 'checkbox' || control.type === 'radio' ) {
			control.checked = given.includes( control.value );
		} else if ( given.length ) {
			control.value = given[ 0 ];
		}
	}
}

function grouped( entries ) {
	const groups = new Map();
	for ( const entry of entries ) {
		groups.set( entry[ 0 ], [ ...groups.get( entry[ 0 ] ) ?? [], entry ] );
	}
	return groups;
}
