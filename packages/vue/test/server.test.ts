import { readFileSync } from 'node:fs'
import { useCamera, useClassifier, usePredictions } from '@mobileone/vue'
import { renderToString } from '@vue/server-renderer'
import { expect, test, vi } from 'vitest'
import { createSSRApp, h } from 'vue'
import { colours } from '../../sdk/test/lifecycle-model.ts'

test('the README shows the component that runs in the page', () => {
  const text = readFileSync(new URL('CameraPage.vue', import.meta.url), 'utf8')
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(`\`\`\`vue\n${text}\`\`\``)
})

test('nothing is done on a server, where no camera and no classifier is', async () => {
  const create = vi.fn()
  const app = createSSRApp({
    setup() {
      const { status, classifier } = useClassifier({ model: colours, create })
      const camera = useCamera({ autoStart: true })
      const predictions = usePredictions(classifier, camera.video)
      const none = useClassifier(undefined)
      return () =>
        h('p', [status, camera.status, predictions.status, none.status].map(({ value }) => value).join(' '))
    },
  })
  expect(await renderToString(app)).toBe('<p>loading idle idle idle</p>')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(create).not.toHaveBeenCalled()
})
