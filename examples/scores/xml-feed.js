// What the bridge makes of the XML feed, in the form of the JSON feed: attributes are members that begin with @, and all
// values are text.

export function matchesFromXML({ scores }) {
    return scores.match.map((match) => ({
        id: match['@id'],
        status: match['@status'],
        minute: Number(match.minute),
        home: side(match.home),
        away: side(match.away),
        events: (match.event ?? []).map((event) => ({
            id: event['@id'],
            type: event['@type'],
            minute: Number(event['@minute']),
            team: event['@team'],
            player: event['#text'],
        })),
    }));
}

function side(team) {
    return {
        name: team['#text'],
        short: team['@short'],
        goals: Number(team['@goals']),
        cards: { yellow: Number(team['@yellow']), red: Number(team['@red']) },
    };
}
