/* The upload list of a portal that takes every byte itself: by tus. */
import { isSupported } from 'tus-js-client';
import { begin } from './upload/list.js';
import { tus } from './upload/transfer.js';

if ( isSupported ) {
	begin( tus );
}
