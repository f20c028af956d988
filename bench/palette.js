/* Shrinks a screenshot to a palette of its commonest colours and one byte for each pixel. Runs in a blank page. */
async ( [ source, size ] ) => {
	const TWINS = 48; // the square of a distance in RGB
	const image = new Image();
	image.src = source;
	await image.decode();
	const canvas = new OffscreenCanvas( image.width, image.height );
	const context = canvas.getContext( '2d' );
	context.drawImage( image, 0, 0 );
	const { data } = context.getImageData( 0, 0, image.width, image.height );
	const pixels = new Uint32Array( data.buffer );
	const counts = new Map();
	for ( const pixel of pixels ) {
		counts.set( pixel, ( counts.get( pixel ) ?? 0 ) + 1 );
	}
	const byCount = Array.from( counts.keys() ).sort( ( one, other ) => counts.get( other ) - counts.get( one ) );
	const channels = ( colour ) => [ colour & 255, ( colour >> 8 ) & 255, ( colour >> 16 ) & 255 ];
	const known = [];
	const index = new Map();
	for ( const colour of byCount ) {
		const [ red, green, blue ] = channels( colour );
		let nearest = 0;
		let least = Infinity;
		known.forEach( ( [ r, g, b ], place ) => {
			const distance = ( red - r ) ** 2 + ( green - g ) ** 2 + ( blue - b ) ** 2;
			if ( distance < least ) {
				least = distance;
				nearest = place;
			}
		} );
		/* A near twin of a common colour takes no place of its own, so that a small green sign keeps its green. */
		if ( known.length < size && least > TWINS ) {
			nearest = known.push( [ red, green, blue ] ) - 1;
		}
		index.set( colour, nearest );
	}
	const bytes = Uint8Array.from( pixels, ( pixel ) => index.get( pixel ) );
	const url = await new Promise( ( resolve ) => {
		const reader = new FileReader();
		reader.onload = () => resolve( reader.result );
		reader.readAsDataURL( new Blob( [ bytes ] ) );
	} );
	return { width: image.width, height: image.height, palette: known.flat(), pixels: url.slice( url.indexOf( ',' ) + 1 ) };
}
