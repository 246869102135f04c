// Runs a package with Core ML: `helper <package> <compute units>`, then frames as in protocol.ts. It needs macOS 12 and ends when its
// input does. It has never been compiled or run: the project has no Apple hardware.
import CoreML
import Foundation

let protocolVersion: UInt32 = 1

enum Kind {
    static let run: UInt8 = 1
    static let ready: UInt8 = 2
    static let outputs: UInt8 = 3
    static let failed: UInt8 = 4
    static let refused: UInt8 = 5
}

struct HelperError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func describe(_ error: Error) -> String {
    if let own = error as? HelperError { return own.description }
    return (error as NSError).localizedDescription
}

// Frameworks may print to standard output: that goes to standard error, and replies have a descriptor of their own.
let replies = dup(STDOUT_FILENO)
_ = dup2(STDERR_FILENO, STDOUT_FILENO)
signal(SIGPIPE, SIG_IGN)

func send(_ kind: UInt8, _ body: Data) -> Bool {
    var frame = Data(capacity: body.count + 5)
    append(UInt32(body.count + 1), to: &frame)
    frame.append(kind)
    frame.append(body)
    return frame.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) -> Bool in
        var sent = 0
        while sent < bytes.count {
            let count = write(replies, bytes.baseAddress! + sent, bytes.count - sent)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }
}

/// The next count bytes of standard input, nil at its end.
func receive(_ count: Int) -> Data? {
    var data = Data(count: count)
    let complete = data.withUnsafeMutableBytes { (bytes: UnsafeMutableRawBufferPointer) -> Bool in
        var received = 0
        while received < count {
            let got = read(STDIN_FILENO, bytes.baseAddress! + received, count - received)
            if got < 0 && errno == EINTR { continue }
            if got <= 0 { return false }
            received += got
        }
        return true
    }
    return complete ? data : nil
}

func append(_ value: UInt16, to data: inout Data) {
    withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
}

func append(_ value: UInt32, to data: inout Data) {
    withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
}

struct Reader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ data: Data) { bytes = [UInt8](data) }

    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - at else { throw HelperError("a request that ends too early") }
        at += count
        return bytes[(at - count)..<at]
    }

    mutating func integer(_ size: Int) throws -> Int {
        var value = 0
        for (index, byte) in try take(size).enumerated() { value |= Int(byte) << (8 * index) }
        return value
    }
}

func decodeInputs(_ body: Data) throws -> MLFeatureProvider {
    var reader = Reader(body)
    var features: [String: MLFeatureValue] = [:]
    let inputCount = try reader.integer(4)
    for _ in 0..<inputCount {
        let length = try reader.integer(2)
        let name = String(decoding: try reader.take(length), as: UTF8.self)
        let rank = try reader.integer(1)
        var shape: [Int] = []
        var count = 1
        for _ in 0..<rank {
            let size = try reader.integer(4)
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            if overflow { throw HelperError("an input of too many elements") }
            count = product
            shape.append(size)
        }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: 4)
        if overflow { throw HelperError("an input of too many elements") }
        let elements = try reader.take(byteCount)
        let array = try MLMultiArray(shape: shape.map { NSNumber(value: $0) }, dataType: .float32)
        elements.withUnsafeBytes { (source: UnsafeRawBufferPointer) in
            if let base = source.baseAddress { array.dataPointer.copyMemory(from: base, byteCount: byteCount) }
        }
        features[name] = MLFeatureValue(multiArray: array)
    }
    return try MLDictionaryFeatureProvider(dictionary: features)
}

/// The elements in row-major order. Core ML may pad rows, so strides are followed.
func elements(of array: MLMultiArray) -> [Float] {
    let shape = array.shape.map { $0.intValue }
    let strides = array.strides.map { $0.intValue }
    let count = shape.reduce(1, *)
    var values: [Float] = []
    values.reserveCapacity(count)
    var index = [Int](repeating: 0, count: shape.count)
    for _ in 0..<count {
        var offset = 0
        for axis in 0..<shape.count { offset += index[axis] * strides[axis] }
        switch array.dataType {
        case .float32:
            values.append(array.dataPointer.load(fromByteOffset: offset * 4, as: Float.self))
        case .double:
            values.append(Float(array.dataPointer.load(fromByteOffset: offset * 8, as: Double.self)))
        default:
            values.append(array[index.map { NSNumber(value: $0) }].floatValue)
        }
        var axis = shape.count - 1
        while axis >= 0 {
            index[axis] += 1
            if index[axis] < shape[axis] { break }
            index[axis] = 0
            axis -= 1
        }
    }
    return values
}

func encodeOutputs(_ features: MLFeatureProvider) throws -> Data {
    var body = Data()
    let names = features.featureNames.sorted()
    append(UInt32(names.count), to: &body)
    for name in names {
        guard let array = features.featureValue(for: name)?.multiArrayValue else {
            throw HelperError("the output \(name) is no array")
        }
        let text = [UInt8](name.utf8)
        append(UInt16(text.count), to: &body)
        body.append(contentsOf: text)
        body.append(UInt8(array.shape.count))
        for size in array.shape { append(UInt32(size.intValue), to: &body) }
        elements(of: array).withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in body.append(contentsOf: bytes) }
    }
    return body
}

func computeUnits(named name: String) throws -> MLComputeUnits {
    switch name {
    case "all": return .all
    case "cpuOnly": return .cpuOnly
    case "cpuAndGPU": return .cpuAndGPU
    case "cpuAndNeuralEngine":
        if #available(macOS 13.0, *) { return .cpuAndNeuralEngine }
        throw HelperError("cpuAndNeuralEngine needs macOS 13")
    default: throw HelperError("there are no compute units \(name)")
    }
}

func load(_ path: String, units: String) throws -> (model: MLModel, compiled: URL) {
    let configuration = MLModelConfiguration()
    configuration.computeUnits = try computeUnits(named: units)
    let compiled = try MLModel.compileModel(at: URL(fileURLWithPath: path))
    do {
        let model = try MLModel(contentsOf: compiled, configuration: configuration)
        return (model, compiled)
    } catch {
        try? FileManager.default.removeItem(at: compiled)
        throw error
    }
}

func answer(_ payload: Data, with model: MLModel) -> Bool {
    do {
        guard payload.first == Kind.run else { throw HelperError("a request of an unknown kind") }
        let inputs = try decodeInputs(Data(payload.dropFirst()))
        let outputs = try model.prediction(from: inputs)
        let body = try encodeOutputs(outputs)
        return send(Kind.outputs, body)
    } catch {
        return send(Kind.failed, Data(describe(error).utf8))
    }
}

func serve(_ path: String, units: String) -> Int32 {
    let loaded: (model: MLModel, compiled: URL)
    do {
        loaded = try load(path, units: units)
    } catch {
        _ = send(Kind.refused, Data(describe(error).utf8))
        return 1
    }
    defer { try? FileManager.default.removeItem(at: loaded.compiled) }
    var version = Data()
    append(protocolVersion, to: &version)
    guard send(Kind.ready, version) else { return 1 }
    while let head = receive(4) {
        let length = head.reversed().reduce(0) { ($0 << 8) | Int($1) }
        guard length > 0, let payload = receive(length) else { return 1 }
        let sent = autoreleasepool { answer(payload, with: loaded.model) }
        if !sent { return 1 }
    }
    return 0
}

guard CommandLine.arguments.count == 3 else {
    FileHandle.standardError.write(Data("usage: helper <package> <compute units>\n".utf8))
    exit(2)
}
exit(serve(CommandLine.arguments[1], units: CommandLine.arguments[2]))
