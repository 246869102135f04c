/** Install and build what needs it. */
import { build, checkNode, install } from './bootstrap.mjs'

checkNode()
install()
build()
