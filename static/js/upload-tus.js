/* The way by tus on its own, for a page that began with another: it hands itself to whoever asked for it. */
import { tus } from './upload/transfer.js';

document.dispatchEvent( new CustomEvent( 'upload:tus', { detail: tus } ) );
