/** Lays the extension and the SDK's files for pages into `dist`, from where browsers load it. */
import { cpSync, rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
cpSync('src', 'dist', { recursive: true })
cpSync('node_modules/@mobileone/sdk/dist/browser', 'dist/mobileone', { recursive: true })
