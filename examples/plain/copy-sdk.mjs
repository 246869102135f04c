import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const browser = fileURLToPath(new URL('.', import.meta.resolve('@mobileone/sdk/worker')))
await cp(browser, 'mobileone', { recursive: true })
