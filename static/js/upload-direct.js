/* The upload list of a portal whose object storage takes the bytes; it comes without tus, which is fetched if it is needed. */
import { direct } from './upload/direct.js';
import { begin } from './upload/list.js';

begin( direct );
