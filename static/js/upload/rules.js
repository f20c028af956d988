/* What the server would refuse anyway, said before a byte is sent. The server judges again; this only saves the wait. */

const LEFT_OUT = new Set( [ 'thumbs.db', 'desktop.ini', '__macosx' ] );

/* Files that systems and tools drop into folders: nobody means to publish them. */
export function isLeftOut( path ) {
	return path.split( '/' ).some( ( part ) => part.startsWith( '.' ) || LEFT_OUT.has( part.toLowerCase() ) );
}

/* "m.tar.gz" gives [ "tar.gz", "gz" ], longest first; a name without a dot gives [ "" ]. */
function suffixes( path ) {
	const parts = path.slice( path.lastIndexOf( '/' ) + 1 ).toLowerCase().split( '.' );
	if ( parts.length === 1 ) {
		return [ '' ];
	}
	return parts.slice( 1 ).map( ( _, index ) => parts.slice( index + 1 ).join( '.' ) );
}

function lookup( table, path ) {
	for ( const suffix of suffixes( path ) ) {
		for ( const key of [ suffix, `.${ suffix }` ] ) {
			if ( Object.hasOwn( table, key ) ) {
				return table[ key ];
			}
		}
	}
	return undefined;
}

/*
 * Null for a file that may be sent, else { reason, advice } to show.
 * `held` counts what the version has and what waits in the list: { bytes, files }.
 */
export function judge( path, size, rules, held, texts ) {
	const refused = lookup( rules.refused ?? {}, path );
	if ( refused ) {
		return { reason: refused.reason, advice: refused.advice ?? '' };
	}
	const accepted = rules.accepted ?? {};
	if ( Object.keys( accepted ).length && lookup( accepted, path ) === undefined ) {
		const list = Object.keys( accepted ).map( ( key ) => `.${ key.replace( /^\./, '' ) }` ).filter( ( key ) => key !== '.' );
		return { reason: texts.get( 'unknown_type' ), advice: texts.get( 'unknown_type_advice', { list: list.join( ' ' ) } ) };
	}
	if ( rules.max_file_bytes && size > rules.max_file_bytes ) {
		const limit = texts.bytes( rules.max_file_bytes );
		return { reason: texts.get( 'too_large' ), advice: texts.get( 'too_large_advice', { limit } ) };
	}
	if ( rules.max_total_bytes && held.bytes + size > rules.max_total_bytes ) {
		const limit = texts.bytes( rules.max_total_bytes );
		return { reason: texts.get( 'total_too_large' ), advice: texts.get( 'total_too_large_advice', { limit } ) };
	}
	if ( rules.max_files && held.files + 1 > rules.max_files ) {
		return { reason: texts.get( 'too_many' ), advice: texts.get( 'too_many_advice', { limit: texts.number( rules.max_files ) } ) };
	}
	return null;
}
