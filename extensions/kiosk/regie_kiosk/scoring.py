"""Points for a release by a profile, part by part, each with its sentence."""

from dataclasses import dataclass

from .profiles import Profile, tier
from .reasons import Reason, reason
from .release import ReleaseName


@dataclass(frozen=True, slots=True)
class Part:
    """The points of one aspect, and the sentence that explains them."""

    name: str
    points: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Score:
    """All points of a release."""

    profile: str
    parts: tuple[Part, ...]

    @property
    def points(self) -> int:
        """The sum."""
        return sum(part.points for part in self.parts)

    @property
    def lasting_points(self) -> int:
        """Audio, picture and source: what remains when the seeders have changed."""
        return sum(part.points for part in self.parts if part.name != "reliability")

    def sentences(self, language: str = "en") -> list[str]:
        """The parts in words."""
        return [part.reason.sentence(language) for part in self.parts]


def score(release: ReleaseName, profile: Profile, seeders: int = 0) -> Score:
    """What a release is worth to a household."""
    audio = profile.audio.get(release.audio_class, 0)
    picture = tier(release)
    video = profile.video.get(picture, 0)
    reliable = next((step.points for step in profile.reliability if seeders > step.above), 0)
    parts = (
        Part("audio", audio, reason("points_audio", points=audio, what=_audio(release))),
        Part("video", video, reason("points_video", points=video, what=picture.value)),
        _source(release, profile),
        Part("reliability", reliable, reason("points_reliability", points=reliable, seeders=seeders)),
    )
    return Score(profile.name, parts)


def _source(release: ReleaseName, profile: Profile) -> Part:
    """A sound from a cinema spoils any picture."""
    points = profile.source.get(release.source, 0) if release.source else 0
    if release.line_dubbed and profile.line_dub < points:
        return Part("source", profile.line_dub, reason("points_line_dub", points=profile.line_dub))
    return Part(
        "source", points, reason("points_source", points=points, what=release.source.value if release.source else "?")
    )


def _audio(release: ReleaseName) -> str:
    finer = [tag for tag in release.french_tags if tag != release.audio_class.value]
    return f"{release.audio_class.value} ({', '.join(finer)})" if finer else release.audio_class.value
