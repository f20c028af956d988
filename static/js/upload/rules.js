/*
 * What the server would refuse by name and size, said before a byte is sent: the table is the server's own, and a test
 * holds both to the same answers. The server judges again; this only saves the wait.
 */

const LEFT_OUT = new Set( [ 'thumbs.db', 'desktop.ini', '__macosx' ] );
const VERSIONED_LIBRARY = /\.so(?:\.\d+)+$/;

/* Files that systems and tools drop into folders: nobody means to publish them. */
export function isLeftOut( path ) {
	return path.split( '/' ).some( ( part ) => part.startsWith( '.' ) || LEFT_OUT.has( part.toLowerCase() ) );
}

function nameOf( path ) {
	return path.slice( path.lastIndexOf( '/' ) + 1 ).toLowerCase();
}

/* The last extension with its dot, "" if the name has none. */
function extensionOf( path ) {
	const name = nameOf( path );
	if ( VERSIONED_LIBRARY.test( name ) ) {
		return '.so';
	}
	const dot = name.lastIndexOf( '.' );
	return dot > 0 ? name.slice( dot ) : '';
}

function own( table, key ) {
	return Object.hasOwn( table, key ) ? table[ key ] : undefined;
}

/* The message id that refuses a file by name and size alone, null if its content has to decide. */
export function codeFor( path, size, rules ) {
	const extension = extensionOf( path );
	const refused = own( rules.refused, extension );
	if ( refused ) {
		return refused.code;
	}
	if ( size <= 0 ) {
		return 'gate.empty';
	}
	const model = own( rules.models, extension );
	const side = rules.side.extensions.includes( extension ) || ( !extension && rules.side.names.includes( nameOf( path ) ) );
	if ( !model && !side ) {
		return 'gate.unknown';
	}
	return size > ( model ?? rules.side ).max ? 'gate.too_large' : null;
}

/*
 * Null for a file that may be sent, else { reason, advice, command } to show.
 * `held` is what waits in the list already, in bytes.
 */
export function judge( path, size, rules, held, texts ) {
	const code = codeFor( path, size, rules );
	if ( code ) {
		const { reason, advice } = rules.messages[ code ];
		const extension = extensionOf( path ) || nameOf( path );
		return {
			reason: reason.replace( '{extension}', () => extension ),
			advice,
			command: own( rules.refused, extensionOf( path ) )?.advice ?? ''
		};
	}
	if ( size > ( rules.max_file_bytes || Infinity ) ) {
		const limit = texts.bytes( rules.max_file_bytes );
		return { reason: texts.get( 'too_large' ), advice: texts.get( 'too_large_advice', { limit } ) };
	}
	if ( held + size > ( rules.max_total_bytes || Infinity ) ) {
		const limit = texts.bytes( rules.max_total_bytes );
		return { reason: texts.get( 'total_too_large' ), advice: texts.get( 'total_too_large_advice', { limit } ) };
	}
	return null;
}
