/// An input for timing: a black image or zeros, made once.
func benchmarkInput(for model: MLModel) throws -> MLFeatureProvider {
    var features: [String: MLFeatureValue] = [:]
    for (name, description) in model.modelDescription.inputDescriptionsByName {
        if let constraint = description.imageConstraint {
            var buffer: CVPixelBuffer?
            let attributes = [kCVPixelBufferIOSurfacePropertiesKey: [:] as CFDictionary] as CFDictionary
            let status = CVPixelBufferCreate(
                kCFAllocatorDefault, constraint.pixelsWide, constraint.pixelsHigh, constraint.pixelFormatType,
                attributes, &buffer)
            guard status == kCVReturnSuccess, let pixels = buffer else { throw MobileOneError.unexpectedResult }
            CVPixelBufferLockBaseAddress(pixels, [])
            if let base = CVPixelBufferGetBaseAddress(pixels) { memset(base, 0, CVPixelBufferGetDataSize(pixels)) }
            CVPixelBufferUnlockBaseAddress(pixels, [])
            features[name] = MLFeatureValue(pixelBuffer: pixels)
        } else if let constraint = description.multiArrayConstraint {
            let array = try MLMultiArray(shape: constraint.shape, dataType: constraint.dataType)
            for index in 0..<array.count { array[index] = 0 }
            features[name] = MLFeatureValue(multiArray: array)
        }
    }
    return try MLDictionaryFeatureProvider(dictionary: features)
}

private func milliseconds(_ work: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try work()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
}

/// The protocol of the paper (arXiv 2206.04040): one warm-up, 1,000 runs, the minimum in milliseconds.
func paperLatency(of model: MLModel, runs: Int = 1_000) throws -> Double {
    let input = try benchmarkInput(for: model)
    _ = try model.prediction(from: input)
    var best = Double.infinity
    for _ in 0..<runs {
        try autoreleasepool {
            best = min(best, try milliseconds { _ = try model.prediction(from: input) })
        }
    }
    return best
}

/// The protocol of ModelBench: 20 rounds of 50 runs, the mean of each round, and of those the mean without the
/// fastest and slowest tenth, in milliseconds.
func modelBenchLatency(of model: MLModel, rounds: Int = 20, runs: Int = 50) throws -> Double {
    let input = try benchmarkInput(for: model)
    _ = try model.prediction(from: input)
    var means: [Double] = []
    for _ in 0..<rounds {
        let total = try autoreleasepool {
            try milliseconds { for _ in 0..<runs { _ = try model.prediction(from: input) } }
        }
        means.append(total / Double(runs))
    }
    means.sort()
    let cut = rounds / 10
    let kept = means[cut..<(means.count - cut)]
    return kept.reduce(0, +) / Double(kept.count)
}
