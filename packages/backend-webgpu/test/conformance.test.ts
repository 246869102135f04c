import { describeConformanceInNode, otherCases } from './node-conformance.ts'

describeConformanceInNode(otherCases)
