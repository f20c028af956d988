/* How much of a card's room is taken, while it is written: bytes in UTF-8, as the server counts them. */
import { Texts } from '../upload/texts.js';

const ALMOST = 0.9;
const encoder = new TextEncoder();

export function bytesOf( text ) {
	/* Browsers send line breaks as two characters and the server stores one. */
	return encoder.encode( text.replace( /\r\n/g, '\n' ) ).length;
}

export class Counter {
	constructor( form, strings ) {
		this.form = form;
		this.texts = new Texts( strings, document.documentElement.lang );
		this.out = form.querySelector( '[data-counter]' );
		this.limit = Number( form.dataset.limit );
		this.stored = Number( form.dataset.bytes ) - this.written();
	}

	begin() {
		this.form.addEventListener( 'input', () => this.draw() );
		this.draw();
	}

	written() {
		const areas = Array.from( this.form.querySelectorAll( 'textarea' ) );
		return areas.reduce( ( sum, area ) => sum + bytesOf( area.value ), 0 );
	}

	draw() {
		const size = Math.max( 0, this.stored + this.written() );
		const key = size > this.limit ? 'count_over' : 'count';
		this.out.classList.toggle( 'error-text', size > this.limit );
		this.out.classList.toggle( 'subtle', size <= this.limit * ALMOST );
		this.out.textContent = this.texts.get( key, { size: this.texts.bytes( size ), limit: this.texts.bytes( this.limit ) } );
	}
}
