/* The page's own wording, and numbers as its language writes them: in Western digits, as in the rest of the page. */

const UNITS = [ 'byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte' ];
const STEP = 1024;
const MINUTE_S = 60;
const HOUR_S = 3600;

export class Texts {
	constructor( strings, language, plurals = {} ) {
		this.strings = strings;
		this.plurals = plurals;
		this.language = `${ language || 'en' }-u-nu-latn`;
	}

	/* "Pause {name}" with its values; values are put in as text, never as markup. */
	get( key, values = {} ) {
		return ( this.strings[ key ] ?? key ).replace( /\{(\w+)\}/g, ( whole, name ) => values[ name ] ?? whole );
	}

	/* "6 files": the server wrote each plural form with a number of its kind; the browser knows which kind 6 is. */
	plural( key, count ) {
		const forms = this.plurals[ key ];
		const kinds = new Intl.PluralRules( this.language );
		const kind = kinds.select( count );
		const sample = Object.keys( forms ).find( ( number ) => kinds.select( Number( number ) ) === kind );
		return ( forms[ sample ] ?? '{count}' ).replace( '{count}', this.number( count ) );
	}

	list( parts ) {
		return new Intl.ListFormat( this.language, { type: 'unit', style: 'short' } ).format( parts );
	}

	number( value ) {
		return new Intl.NumberFormat( this.language ).format( value );
	}

	percent( share ) {
		return new Intl.NumberFormat( this.language, { style: 'percent' } ).format( share );
	}

	unit( value, unit, digits = 0, unitDisplay = 'short' ) {
		const options = { style: 'unit', unit, unitDisplay, maximumFractionDigits: digits };
		return new Intl.NumberFormat( this.language, options ).format( value );
	}

	/* The same steps of 1024 and the same KB as the server's list, so that a size reads the same in both. */
	bytes( count ) {
		let value = count;
		let step = 0;
		while ( value >= STEP && step < UNITS.length - 1 ) {
			value /= STEP;
			step += 1;
		}
		return step ? this.unit( value, UNITS[ step ], 1 ).replace( 'kB', 'KB' ) : this.unit( value, UNITS[ 0 ], 0, 'long' );
	}

	duration( seconds ) {
		const whole = Math.max( 1, Math.ceil( seconds ) );
		if ( whole < MINUTE_S ) {
			return this.unit( whole, 'second' );
		}
		if ( whole < HOUR_S ) {
			return `${ this.unit( Math.floor( whole / MINUTE_S ), 'minute' ) } ${ this.unit( whole % MINUTE_S, 'second' ) }`;
		}
		const minutes = Math.floor( ( whole % HOUR_S ) / MINUTE_S );
		return `${ this.unit( Math.floor( whole / HOUR_S ), 'hour' ) } ${ this.unit( minutes, 'minute' ) }`;
	}
}
