/*
 * What was written and could not be sent, kept by the browser: offered back when the page is opened again and the server
 * still has what the words were written on. A save, or a newer version on the server, ends it.
 */

const DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;
/* These change with every page, and say nothing of what was written. */
const OWN = new Set( [ 'token', 'csrfmiddlewaretoken', 'then' ] );

export function written( entries ) {
	return Array.from( entries ).filter( ( [ name, value ] ) => !OWN.has( name ) && typeof value === 'string' );
}

export class Kept {
	constructor( storage, key, now = Date.now ) {
		this.storage = storage;
		this.key = `draft:${ key }`;
		this.now = now;
	}

	keep( token, entries ) {
		try {
			this.storage.setItem( this.key, JSON.stringify( { token, at: this.now(), entries: written( entries ) } ) );
		} catch {
			/* No room, or a browser that keeps nothing: the page says that it is not saved, as it did before. */
		}
	}

	forget() {
		try {
			this.storage.removeItem( this.key );
		} catch {
			/* As above. */
		}
	}

	/* What was kept, if it goes beyond what the page shows; forgotten otherwise. */
	offer( token, entries ) {
		const found = this.read();
		const shown = JSON.stringify( written( entries ) );
		if ( found && found.token === token && this.now() - found.at < DAYS * DAY_MS &&
			JSON.stringify( found.entries ) !== shown ) {
			return found.entries;
		}
		this.forget();
		return null;
	}

	read() {
		try {
			return JSON.parse( this.storage.getItem( this.key ) );
		} catch {
			return null;
		}
	}
}

/* Put values back into a form's controls of the same names; what the form no longer has is left out. */
export function restore( form, entries ) {
	const values = grouped( entries );
	for ( const control of form.elements ) {
		if ( !control.name || OWN.has( control.name ) || control.type === 'file' ) {
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
