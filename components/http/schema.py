"""Bodies of responses, for the API's description. What is sent is made by :mod:`components.serving.output`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, JsonValue

from components.config.strict import Strict
from components.serving.prediction import Prediction, Segment

Share = Annotated[float, Field(ge=0.0, le=1.0)]

MODEL: dict[str, JsonValue] = {"name": "mlp", "uri": "models:/genre/3", "run_id": "3f0c…", "marks": []}
PREDICTION = Prediction(
    "jazz",
    seconds=30.0,
    probabilities={"blues": 0.06, "jazz": 0.91, "rock": 0.03},
    timeline=[Segment(0.0, "jazz", 0.93)],
)
SONG: dict[str, JsonValue] = {"file": "song.flac", **PREDICTION.as_dict()}
FAULTY: dict[str, JsonValue] = {
    "file": "notes.txt",
    "reason": "not audio that can be read; valid: AIFF, AU, …",
    "status": 415,
}


class Model(Strict):
    """The model that predicted."""

    name: str
    uri: str = Field(description="Address in the registry, with the version")
    run_id: str = Field(description="Its training run in MLflow")
    marks: list[str] = Field(description="What goes wherever its predictions are shown")


class Moment(Strict):
    """A segment of a song."""

    start: float = Field(description="Seconds from the beginning")
    genre: str
    probability: Share


class Song(Strict):
    """A song with its prediction."""

    file: str = Field(description="The name that it was sent under; song 1, song 2, … where it has none")
    genre: str
    confidence: Share = Field(description="Probability of the genre")
    unsure: str = Field(description="Why the genre is not to be relied on; empty where it is")
    seconds: float = Field(description="Length of the song")
    coverage: Share = Field(description="Share of a segment that the song fills; 1 for a segment or more")
    lost: Annotated[float, Field(ge=0.0, description="Seconds of the song that could not be decoded")]
    damage: str = Field(description="Why, or what else is wrong with the file; empty for a sound one")
    probabilities: dict[str, Share] = Field(description="Of each genre; they add up to 1")
    timeline: list[Moment] | None = Field(default=None, description="Each segment, unless timeline=false")


class FaultySong(Strict):
    """A song without a prediction."""

    file: str
    reason: str
    status: int = Field(description="413 too large or long, 415 no audio, 422 damaged, too short or too slow")


class Predictions(Strict):
    """The songs in the order in which they were sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"model": MODEL, "songs": [SONG, FAULTY]}]})

    model: Model
    songs: list[Song | FaultySong]


class Refusal(Strict):
    """Why there is no prediction."""

    reason: str
    songs: list[FaultySong] | None = Field(
        default=None, description="Where songs were sent and none is predicted"
    )


class Health(Strict):
    """The server runs."""

    status: str


class Ready(Strict):
    """The server predicts."""

    status: str
    model: Model
    problem: str = Field(description="Why a new champion does not serve; empty where all is well")


def refusal(description: str, reason: str) -> dict[str, Any]:
    """Describe a status by the reason of an example."""
    return {
        "model": Refusal,
        "description": description,
        "content": {"application/json": {"example": {"reason": reason}}},
    }


RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Predictions,
        "description": "At least one song has a prediction; the others have a reason",
    },
    400: refusal(
        "The body is no multipart form, or the Host is not this server's",
        "the multipart body ends before its last boundary",
    ),
    401: refusal(
        "The API key is missing or wrong", "the API key is missing or wrong; valid: X-API-Key, or …"
    ),
    403: refusal("A page of another site sent it", "a page of https://elsewhere.example sent it; valid: …"),
    408: refusal("The body did not arrive in time", "the body did not arrive within 300 s"),
    413: refusal("Too large, too long, or too many", "song.wav: too large; valid: at most 250,000,000 bytes"),
    415: refusal(
        "No audio", "Content-Type is 'application/json'; valid: multipart/form-data with one or more files …"
    ),
    422: refusal(
        "Audio that cannot be predicted, or an option or field that there is not",
        "song.mp3: 0.40 s long; valid: 1 s or more",
    ),
    429: refusal("Too many requests at once", "32 requests are in progress; valid: again in a second"),
    500: refusal("The model fails, whatever the song", "yamnet's weights cannot be read"),
    507: refusal(
        "A song cannot be written to disk",
        "the song cannot be kept in the server's TMPDIR: No space left on device",
    ),
    503: refusal(
        "No model is loaded, yet or any more", "the model is being loaded; valid: again when /ready is 200"
    ),
}
#: What a request brings.
BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"songs": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                "required": ["songs"],
            }
        },
        "audio/*": {"schema": {"type": "string", "format": "binary"}},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}
