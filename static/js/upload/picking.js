/* From a file input or a drop to a flat list of { path, file }. Choosing one folder means its content. */

function withoutTop( path ) {
	return path.includes( '/' ) ? path.slice( path.indexOf( '/' ) + 1 ) : path;
}

export function filesOfInput( input ) {
	return Array.from( input.files, ( file ) => ( {
		path: file.webkitRelativePath ? withoutTop( file.webkitRelativePath ) : file.name,
		file
	} ) );
}

function fileOf( entry ) {
	return new Promise( ( resolve, reject ) => entry.file( resolve, reject ) );
}

/* readEntries() answers in portions of a hundred; an empty one ends the folder. */
async function childrenOf( folder ) {
	const reader = folder.createReader();
	const children = [];
	for ( ;; ) {
		const portion = await new Promise( ( resolve, reject ) => reader.readEntries( resolve, reject ) );
		if ( !portion.length ) {
			return children;
		}
		children.push( ...portion );
	}
}

async function walk( entry, found ) {
	if ( entry.isFile ) {
		found.push( { path: entry.fullPath.replace( /^\//, '' ), file: await fileOf( entry ) } );
		return;
	}
	for ( const child of await childrenOf( entry ) ) {
		await walk( child, found );
	}
}

export async function filesOfDrop( transfer ) {
	/* The entries must be taken before the first wait: the browser empties the list after the event. */
	const entries = Array.from( transfer.items, ( item ) => item.webkitGetAsEntry?.() ).filter( Boolean );
	if ( !entries.length ) {
		return Array.from( transfer.files, ( file ) => ( { path: file.name, file } ) );
	}
	const found = [];
	for ( const entry of entries ) {
		await walk( entry, found );
	}
	const oneFolder = entries.length === 1 && entries[ 0 ].isDirectory;
	return oneFolder ? found.map( ( { path, file } ) => ( { path: withoutTop( path ), file } ) ) : found;
}

/* Calls `add` with what is dropped on the area. */
export function listenForDrops( area, add ) {
	for ( const name of [ 'dragenter', 'dragover' ] ) {
		area.addEventListener( name, ( event ) => {
			event.preventDefault();
			area.classList.add( 'is-over' );
		} );
	}
	area.addEventListener( 'dragleave', ( event ) => {
		if ( !area.contains( event.relatedTarget ) ) {
			area.classList.remove( 'is-over' );
		}
	} );
	area.addEventListener( 'drop', async ( event ) => {
		event.preventDefault();
		area.classList.remove( 'is-over' );
		add( await filesOfDrop( event.dataTransfer ) );
	} );
}
