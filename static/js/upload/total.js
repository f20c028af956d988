/* The line above the list: how many files there are, how large, how far, and how many of each state. */

export const UNFINISHED = new Set( [ 'waiting', 'uploading', 'paused', 'failed', 'reselect' ] );
/* How the line sums up the files: "3 done, 1 uploading". */
const GROUPS = {
	count_done: [ 'done' ],
	count_uploading: [ 'uploading' ],
	count_waiting: [ 'waiting' ],
	count_paused: [ 'paused' ],
	count_attention: [ 'failed', 'refused', 'reselect' ]
};

function sum( numbers ) {
	return numbers.reduce( ( total, each ) => total + each, 0 );
}

export class Total {
	/* `files` holds the server's list. */
	constructor( element, files, texts ) {
		this.element = element;
		this.files = files;
		this.texts = texts;
		this.bar = element.querySelector( 'progress' );
	}

	/* Draws it for the items of the list; returns the share that has been sent, from 0 to 1. */
	draw( items ) {
		const counted = items.filter( ( item ) => item.state === 'done' || UNFINISHED.has( item.state ) );
		const stored = this.storedSizes( counted );
		const size = sum( stored ) + sum( counted.map( ( item ) => item.size ) );
		const sent = sum( stored ) + sum( counted.map( ( item ) => item.sent ) );
		const share = size ? sent / size : 0;
		this.element.hidden = !items.length;
		this.element.querySelector( '.upload-total__bar' ).hidden = !counted.length;
		this.write( 'summary', this.texts.get( 'summary', {
			files: this.texts.plural( 'files', counted.length + stored.length ),
			size: this.texts.bytes( size )
		} ) );
		this.write( 'states', this.states( items, stored.length ) );
		this.write( 'percent', this.texts.percent( share ) );
		this.bar.max = Math.max( size, 1 );
		this.bar.value = sent;
		return share;
	}

	states( items, stored ) {
		const counts = Object.entries( GROUPS ).map( ( [ key, states ] ) => {
			const here = items.filter( ( item ) => states.includes( item.state ) ).length;
			return [ key, here + ( key === 'count_done' ? stored : 0 ) ];
		} );
		return this.texts.list( counts
			.filter( ( [ , count ] ) => count )
			.map( ( [ key, count ] ) => this.texts.get( key, { count: this.texts.number( count ) } ) ) );
	}

	/* What the server's list has already, but for what is on its way once more. */
	storedSizes( counted ) {
		const names = new Set( counted.map( ( item ) => item.path ) );
		return Array.from( this.files.querySelectorAll( 'li[data-size]' ) )
			.filter( ( row ) => !names.has( row.querySelector( '.file-row__name' ).textContent ) )
			.map( ( row ) => Number( row.dataset.size ) );
	}

	write( part, text ) {
		this.element.querySelector( `[data-part="${ part }"]` ).textContent = text;
	}
}
