/* One line of the upload list: the page's <template> filled in. Names come from people, so only text is ever set. */

const BUTTONS = {
	waiting: [ 'remove' ],
	uploading: [ 'pause', 'remove' ],
	paused: [ 'resume', 'remove' ],
	failed: [ 'retry', 'remove' ],
	refused: [ 'remove' ],
	reselect: [ 'remove' ],
	done: []
};

function part( element, name ) {
	return element.querySelector( `[data-part="${ name }"]` );
}

export class Row {
	constructor( template, texts, item, onPress ) {
		this.texts = texts;
		this.element = template.content.firstElementChild.cloneNode( true );
		this.progress = part( this.element, 'progress' );
		const slash = item.path.lastIndexOf( '/' ) + 1;
		part( this.element, 'folder' ).textContent = item.path.slice( 0, slash );
		part( this.element, 'base' ).textContent = item.path.slice( slash );
		part( this.element, 'size' ).textContent = texts.bytes( item.size );
		this.progress.max = Math.max( item.size, 1 );
		this.progress.setAttribute( 'aria-label', texts.get( 'progress_of', { name: item.path } ) );
		for ( const button of this.element.querySelectorAll( 'button[data-press]' ) ) {
			button.setAttribute( 'aria-label', texts.get( button.dataset.press, { name: item.path } ) );
			button.addEventListener( 'click', () => onPress( button.dataset.press ) );
		}
	}

	/* `state` decides the buttons; `message` is { reason, advice, command } for what failed, or a plain sentence. */
	show( state, message = '' ) {
		/* A pressed button that is hidden would drop the keyboard focus to the top of the page. */
		const focused = this.element.contains( document.activeElement );
		this.element.classList.toggle( 'is-paused', state === 'paused' || state === 'reselect' );
		for ( const button of this.element.querySelectorAll( 'button[data-press]' ) ) {
			button.hidden = !BUTTONS[ state ].includes( button.dataset.press );
		}
		const failed = state === 'failed' || state === 'refused';
		part( this.element, 'bar' ).hidden = failed || state === 'waiting' || state === 'done';
		part( this.element, 'error' ).hidden = !failed;
		part( this.element, 'success' ).hidden = state !== 'done';
		part( this.element, 'reason' ).textContent = failed ? message.reason : '';
		part( this.element, 'advice' ).textContent = failed ? message.advice : '';
		part( this.element, 'command' ).textContent = failed ? message.command ?? '' : '';
		part( this.element, 'note' ).textContent = failed ? '' : message;
		if ( focused ) {
			const next = this.element.querySelector( 'button[data-press]:not([hidden])' );
			next?.focus();
		}
	}

	advance( sent, size, note ) {
		this.progress.value = size ? sent : 1;
		part( this.element, 'percent' ).textContent = this.texts.percent( size ? sent / size : 1 );
		if ( note !== undefined ) {
			part( this.element, 'note' ).textContent = note;
		}
	}
}
