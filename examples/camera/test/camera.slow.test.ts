import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { goldenPath, lacking } from '@mobileone/testkit'
import { build, preview } from 'vite'
import { expect, it } from 'vitest'
import { addressOf, launchWithCamera, openPage, plugins, root, watch } from './camera-page.ts'

// A busy machine can stretch any task; what the page itself does too long is too long every time.
it.skipIf(lacking('chromium', 'golden'))('the page runs S0 once it is built', { retry: 2 }, async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'mobileone-camera-'))
  const outDir = join(scratch, 'built')
  await build({ root, logLevel: 'error', build: { outDir } })
  const built = await preview({
    root,
    plugins,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1' },
  })
  const browser = await launchWithCamera(scratch, goldenPath('imagenet-sample/n02123045_tabby.JPEG'))
  try {
    const page = await openPage(browser, `${addressOf(built)}?model=/s0`)
    const found = await watch(page)
    console.log(`S0: ${found.speed}; long tasks: ${found.tasks.join(', ') || 'none'}`)
    expect(found.label).toMatch(/cat|tabby/)
    expect(found.tasks).toEqual([])
  } finally {
    await browser.close()
    await built.close()
    await rm(scratch, { recursive: true, force: true })
  }
})
