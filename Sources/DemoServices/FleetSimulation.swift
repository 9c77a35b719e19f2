import Foundation

/// Trams and buses that go round an invented town: where each one is depends on the time alone.
struct FleetSimulation: Sendable {
    /// Milliseconds between two reports of a vehicle's position.
    static let stepLength = 500

    /// What the legacy API answers. Coordinates count from the top left corner of the map, x to the right, y down.
    struct Report: Codable, Sendable, Equatable {
        /// The size of the map that coordinates are in.
        var map: Map
        /// One entry a line; its path is closed.
        var lines: [Line]
        /// When the positions were taken, in milliseconds since 1970.
        var at: Int
        var vehicles: [Vehicle]
    }

    struct Map: Codable, Sendable, Equatable {
        var width: Int
        var height: Int
    }

    struct Line: Codable, Sendable, Equatable {
        var id: String
        /// CSS, for drawing.
        var color: String
        /// Corners as [x, y].
        var path: [[Int]]
    }

    struct Vehicle: Codable, Sendable, Equatable {
        /// Unique, never used again.
        var id: String
        /// The `id` of its line.
        var line: String
        var x: Int
        var y: Int
        /// Degrees clockwise from north (up), 0 to 359.
        var heading: Int
        /// `driving` or `stopped` (at a corner of its line).
        var status: String
    }

    private static let map = Map(width: 1_000, height: 600)
    /// Map units a second.
    private static let speed = 32.0
    /// Seconds at each corner.
    private static let stop = 3.0
    private static let vehiclesPerLine = 4

    static let lines = [
        Line(
            id: "T1",
            color: "#d1495b",
            path: [[80, 90], [420, 90], [420, 300], [760, 300], [760, 520], [300, 520], [300, 300], [80, 300]]
        ),
        Line(
            id: "T2",
            color: "#00798c",
            path: [[500, 40], [930, 40], [930, 420], [640, 420], [640, 200], [500, 200]]
        ),
        Line(
            id: "B7",
            color: "#edae49",
            path: [[60, 420], [240, 420], [240, 180], [560, 180], [560, 560], [60, 560]]
        ),
    ]

    /// The reports' time is `now` (milliseconds since 1970), brought down to a whole step.
    func report(at now: Int) -> Report {
        let at = now - now % Self.stepLength
        return Report(
            map: Self.map,
            lines: Self.lines,
            at: at,
            vehicles: Self.lines.flatMap { line in
                (0..<Self.vehiclesPerLine).map { number in vehicle(number, on: line, at: at) }
            }
        )
    }

    private func vehicle(_ number: Int, on line: Line, at time: Int) -> Vehicle {
        let corners = line.path
        let legs = corners.indices.map { index -> (from: [Int], to: [Int], seconds: Double) in
            let (from, to) = (corners[index], corners[(index + 1) % corners.count])
            let distance = hypot(Double(to[0] - from[0]), Double(to[1] - from[1]))
            return (from, to, distance / Self.speed + Self.stop)
        }
        let round = legs.reduce(0) { $0 + $1.seconds }
        let shift = round * Double(number) / Double(Self.vehiclesPerLine)
        var rest = (Double(time) / 1_000 + shift).truncatingRemainder(dividingBy: round)
        var leg = legs[0]
        for candidate in legs {
            leg = candidate
            guard rest >= candidate.seconds else { break }
            rest -= candidate.seconds
        }
        // A leg begins with the stop at its first corner.
        let way = leg.seconds - Self.stop
        let part = min(1, max(0, rest - Self.stop) / way)
        let (east, south) = (Double(leg.to[0] - leg.from[0]), Double(leg.to[1] - leg.from[1]))
        let degrees = Int((atan2(east, -south) * 180 / .pi).rounded())
        return Vehicle(
            id: "\(line.id)-\(number + 1)",
            line: line.id,
            x: leg.from[0] + Int((east * part).rounded()),
            y: leg.from[1] + Int((south * part).rounded()),
            heading: (degrees + 360) % 360,
            status: rest < Self.stop ? "stopped" : "driving"
        )
    }
}
