/** Components that the tests in the page and on the server share. */
import { type ClassifierSetup, type LoadedClassifier, useClassifier } from '@mobileone/vue'
import { defineComponent, h, type PropType, type Ref } from 'vue'

/** A component that shows the status of a classifier of `setup` and gives it out. */
export const Probe = defineComponent({
  props: {
    setup: { type: Object as PropType<Ref<ClassifierSetup | undefined>>, required: true },
    seen: { type: Array as PropType<LoadedClassifier[]>, default: () => [] },
  },
  setup(props) {
    const held = useClassifier(props.setup)
    props.seen.push(held)
    return () => h('p', held.status.value)
  },
})
