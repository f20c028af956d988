/*
 * Makes vendor-static/, the one folder that Django collects, from the installed packages and our own css/, js/ and img/.
 * An allow-list, because a package's whole dist/ breaks the manifest storage (missing maps) and weighs megabytes.
 * Run after `npm ci --ignore-scripts`; running it again replaces the folder.
 */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const here = dirname( fileURLToPath( import.meta.url ) );
const packages = join( here, 'node_modules' );
const target = join( here, '..', 'vendor-static' );
const work = `${ target }.new`;

const TARGET = [ 'es2022' ];
const COPIES = [
	[ '@wikimedia/codex/dist/codex.style.css', 'codex/codex.css' ],
	[ '@wikimedia/codex/dist/codex.style-rtl.css', 'codex/codex-rtl.css' ],
	[ '@wikimedia/codex/LICENSE', 'codex/LICENSE' ],
	[ '@wikimedia/codex-icons/dist/codex-icons.json', 'codex/icons.json' ],
	[ '@wikimedia/codex-icons/LICENSE', 'codex/LICENSE.icons' ],
	[ 'tus-js-client/LICENSE', 'dist/LICENSE.tus-js-client' ]
];

function read( path ) {
	return readFileSync( join( packages, path ), 'utf8' );
}

function write( path, text ) {
	const file = join( work, path );
	mkdirSync( dirname( file ), { recursive: true } );
	writeFileSync( file, text.replace( /^.*sourceMappingURL=.*$/gm, '' ) );
}

/* Codex ships its dark mode as a second :root; here it follows the system unless the reader chose a theme. */
async function themedTokens() {
	const tokens = '@wikimedia/codex-design-tokens/dist/';
	const light = read( `${ tokens }theme-wikimedia-ui.css` );
	const dark = read( `${ tokens }theme-wikimedia-ui-mode-dark.css` );
	const declarations = dark.slice( dark.indexOf( '{' ) + 1, dark.lastIndexOf( '}' ) );
	if ( !declarations.includes( '--color-base:' ) ) {
		throw new Error( 'The dark tokens of Codex have changed their shape: mend themedTokens() in vendor.mjs.' );
	}
	const { code } = await transform( [
		light,
		`@media ( prefers-color-scheme: dark ) {\n:root:not( [data-theme="light"] ) {${ declarations }}\n}`,
		`:root[data-theme="dark"] {${ declarations }}\n`
	].join( '\n' ), { loader: 'css', minify: true, target: TARGET } );
	const notice = light.slice( 0, light.indexOf( '*/' ) + 2 );
	return `${ notice }\n${ code }`;
}

rmSync( work, { recursive: true, force: true } );
for ( const [ from, to ] of COPIES ) {
	write( to, read( from ) );
}
write( 'codex/tokens.css', await themedTokens() );
cpSync( join( here, 'img' ), join( work, 'img' ), { recursive: true } );
await build( {
	absWorkingDir: here,
	entryPoints: {
		portal: 'css/portal.css',
		theme: 'js/theme.js',
		copy: 'js/copy.js',
		desk: 'js/desk.js',
		draft: 'js/draft.js',
		poll: 'js/poll.js',
		upload: 'js/upload.js',
		'upload-direct': 'js/upload-direct.js',
		'upload-tus': 'js/upload-tus.js',
		webauthn: 'js/webauthn.js'
	},
	outdir: join( work, 'dist' ),
	bundle: true,
	minify: true,
	format: 'iife',
	platform: 'browser',
	target: TARGET,
	charset: 'utf8',
	legalComments: 'inline',
	logLevel: 'warning'
} );
/* Swapped at the end, so that a failed run leaves the former folder in place. */
rmSync( target, { recursive: true, force: true } );
renameSync( work, target );
