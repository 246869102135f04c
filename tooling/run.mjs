/** Run a built program of the workspace, installing and building first where needed: `node tooling/run.mjs <file> [arguments]`. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, checkNode, install, libraryFolders, root } from './bootstrap.mjs'

const [file, ...rest] = process.argv.slice(2)
checkNode()
install()
build()
process.env.MOBILEONE_PACKAGES ??= libraryFolders()
process.argv = [process.argv[0], join(root, file), ...rest]
await import(pathToFileURL(join(root, file)).href)
