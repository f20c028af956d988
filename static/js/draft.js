/*
 * A draft that saves itself: form[data-autosave] is sent a moment after each change and before the page is left. The form
 * works without this script, by its buttons. What the page says is in its own language: texts come from #draft-texts.
 */
import { Counter } from './draft/counter.js';
import { Kept, restore } from './draft/kept.js';

const WAIT_MS = 1200;
const LONGEST_WAIT_MS = 30000;
const RETRY_MS = 10000;
const MAX_KEEPALIVE_BYTES = 60000;
const OK = 200;
const CONFLICT = 409;
const INVALID = 422;
const SERVER_ERROR = 500;
const TOLD = new Set( [ OK, CONFLICT, INVALID ] );

/* Null where the browser lets pages keep nothing. */
function browserStorage() {
	try {
		return window.localStorage;
	} catch {
		return null;
	}
}

class Autosave {
	constructor( form, state, texts ) {
		this.form = form;
		this.state = state;
		this.texts = texts;
		this.changes = 0;
		this.savedChanges = 0;
		this.sending = null;
		this.stopped = false;
		/* Bodies of saves that may have arrived, though their answers did not. */
		this.unanswered = new Set();
		this.kept = new Kept( browserStorage(), form.getAttribute( 'action' ) );
	}

	begin() {
		this.form.addEventListener( 'input', () => this.changed() );
		/* Never on "change", which comes with the press on a button: the page would move under the pointer. */
		this.form.addEventListener( 'submit', ( event ) => this.submit( event ) );
		document.addEventListener( 'visibilitychange', () => {
			if ( document.visibilityState === 'hidden' ) {
				this.save( true );
			}
		} );
		window.addEventListener( 'online', () => this.save() );
		window.addEventListener( 'beforeunload', ( event ) => {
			if ( this.isDirty() && !this.leaving && !this.canFlush() ) {
				event.preventDefault();
			}
			this.save( true );
		} );
		/* A page out of the browser's memory may hold a token that was used meanwhile. */
		window.addEventListener( 'pageshow', ( event ) => event.persisted && window.location.reload() );
		if ( this.form.dataset.unsaved ) {
			this.beginUnsaved();
		} else {
			this.offerKept( document.querySelector( '[data-kept]' ) );
		}
	}

	/*
	 * The form came back from a button: what it shows is stored nowhere. Gaps that keep a page from going on keep it from no
	 * save; but another window's words are replaced by a button only.
	 */
	beginUnsaved() {
		this.changes = 1;
		this.keep();
		this.show( 'changed' );
		this.failing = true;
		this.stopped = this.form.dataset.unsaved === 'conflict';
		document.querySelector( '[data-drop-written]' )?.addEventListener( 'click', () => {
			this.leaving = true;
			this.kept.forget();
		} );
		this.save();
	}

	offerKept( box ) {
		const offered = box && this.kept.offer( this.token(), new FormData( this.form ) );
		if ( !offered ) {
			return;
		}
		box.hidden = false;
		box.querySelector( '[data-kept-earlier]' ).hidden = !offered.earlier;
		box.querySelector( '[data-kept-restore]' ).onclick = () => {
			box.hidden = true;
			restore( this.form, offered.entries );
			this.form.dispatchEvent( new Event( 'input', { bubbles: true } ) );
			this.kept.settle( offered );
		};
		box.querySelector( '[data-kept-drop]' ).onclick = () => {
			box.hidden = true;
			this.kept.settle( offered );
			this.offerKept( box );
		};
	}

	token() {
		return this.form.elements.token.value;
	}

	keep() {
		this.kept.keep( this.token(), new FormData( this.form ) );
	}

	isDirty() {
		return this.changes > this.savedChanges;
	}

	/* Whether the last words can still be sent while the page goes away; otherwise its reader is asked to stay. */
	canFlush() {
		return navigator.onLine && !this.sending && !this.failing && !this.stopped &&
			this.body().length < MAX_KEEPALIVE_BYTES;
	}

	body() {
		return new URLSearchParams( new FormData( this.form ) ).toString();
	}

	changed() {
		this.changes += 1;
		this.keep();
		if ( this.stopped ) {
			return;
		}
		this.show( 'changed' );
		this.later( WAIT_MS );
	}

	later( delay ) {
		clearTimeout( this.timer );
		this.timer = setTimeout( () => this.save(), delay );
	}

	/*
	 * A press of a button waits until nothing is left to save: it needs the newest token, and what was kept is known to be
	 * stored. What cannot be saved goes with the form, whose page then tells why.
	 */
	async submit( event ) {
		if ( this.leaving || ( !this.sending && !this.isDirty() ) ) {
			this.leaving = true;
			return;
		}
		event.preventDefault();
		if ( this.pressed ) {
			return;
		}
		this.pressed = true;
		await this.saveAll();
		this.leaving = true;
		const { submitter } = event;
		this.form.requestSubmit( submitter?.isConnected ? submitter : null );
	}

	async saveAll() {
		await this.sending;
		this.stopped = false;
		do {
			clearTimeout( this.timer );
			this.save();
			await this.sending;
		} while ( this.isDirty() && !this.failing && !this.stopped );
	}

	save( leaving = false ) {
		if ( !this.isDirty() || this.sending || this.stopped || this.leaving ) {
			return;
		}
		const upTo = this.changes;
		const body = this.body();
		this.show( 'saving' );
		this.sending = this.send( body, leaving )
			.then( ( answer ) => this.answered( answer, upTo ) )
			.catch( () => this.failed() )
			.finally( () => {
				this.sending = null;
				if ( this.isDirty() && !this.stopped && !this.failing ) {
					this.later( WAIT_MS );
				}
			} );
	}

	async send( body, leaving = false ) {
		this.unanswered.add( body );
		const response = await fetch( this.form.action, {
			method: 'POST',
			body: new URLSearchParams( body ),
			headers: { 'X-Autosave': '1', Accept: 'application/json' },
			keepalive: leaving && body.length < MAX_KEEPALIVE_BYTES,
			redirect: 'error',
			signal: AbortSignal.timeout( LONGEST_WAIT_MS )
		} );
		const { status } = response;
		const content = TOLD.has( status ) ? await response.json() : null;
		if ( status < SERVER_ERROR ) {
			this.unanswered.delete( body );
		}
		if ( !content ) {
			throw new Error( String( status ) );
		}
		return { status, content };
	}

	async answered( { status, content }, upTo ) {
		this.failing = false;
		if ( status === CONFLICT ) {
			const token = await this.tokenOfOwn();
			if ( token ) {
				/* What came after that is saved next. */
				this.adopt( token );
				this.keep();
				return;
			}
			this.stopped = true;
			this.show( 'conflict' );
			return;
		}
		if ( status === INVALID ) {
			/* Not asked again until something changes: the same words would be refused again. */
			this.showFaults( content );
			this.failing = true;
			return;
		}
		this.adopt( content.token );
		this.savedChanges = upTo;
		if ( this.isDirty() ) {
			this.keep();
		} else {
			this.kept.forget();
			this.show( 'saved' );
		}
	}

	adopt( token ) {
		this.form.elements.token.value = token;
		this.unanswered.clear();
	}

	/*
	 * Whether the conflict is one with this very page: then the server has what it was sent, says so when the same comes
	 * once more, and tells the token. Of another window's words it says that they are others; nothing is stored either way.
	 */
	async tokenOfOwn() {
		for ( const body of this.unanswered ) {
			const { status, content } = await this.send( body );
			if ( status === OK ) {
				return content.token;
			}
		}
		return null;
	}

	failed() {
		this.failing = true;
		this.show( navigator.onLine ? 'failed' : 'offline' );
		this.later( RETRY_MS );
	}

	show( key ) {
		this.state.classList.toggle( 'error-text', key === 'failed' || key === 'offline' || key === 'conflict' );
		this.state.textContent = this.texts[ key ];
	}

	showFaults( { errors, labels } ) {
		const parts = Object.entries( errors ).map( ( [ id, texts ] ) => {
			const label = labels[ id ];
			return label ? `${ label }: ${ texts.join( ' ' ) }` : texts.join( ' ' );
		} );
		this.state.classList.add( 'error-text' );
		this.state.textContent = `${ this.texts.invalid } ${ parts.join( ' ' ) }`;
	}
}

const texts = document.getElementById( 'draft-texts' );
const state = document.querySelector( '[data-draft-state]' );
for ( const form of document.querySelectorAll( 'form[data-autosave]' ) ) {
	new Autosave( form, state, JSON.parse( texts.textContent ) ).begin();
}
for ( const form of document.querySelectorAll( 'form[data-counted]' ) ) {
	new Counter( form, JSON.parse( texts.textContent ) ).begin();
}
