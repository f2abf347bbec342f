"""Why a release was taken or refused: stable codes, and a sentence in English and French for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

LANGUAGES = ("en", "fr")

_SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType({
    # matching
    "matched_title": ("The title is that of {work}.", "Le titre est celui de {work}."),
    "matched_id": ("The title resembles {work}, and the indexer's id confirms it.", "Le titre ressemble à {work}, et l'identifiant de l'indexeur le confirme."),
    "unreadable": ("The name cannot be read.", "Le nom est illisible."),
    "unknown_title": ("No wanted work is called “{title}”.", "Aucune œuvre voulue ne s'appelle « {title} »."),
    "other_title": ("The indexer says {work}, but the name says “{title}”.", "L'indexeur annonce {work}, mais le nom dit « {title} »."),
    "other_work": ("This is {found}, not {work}.", "C'est {found}, pas {work}."),
    "other_year": ("{work} is of {wanted}, this is of {year}.", "{work} date de {wanted}, ceci de {year}."),
    "other_country": ("{work} does not come from {country}.", "{work} ne vient pas de {country}."),
    "ambiguous_title": ("Several works are called “{title}”, and nothing tells them apart.", "Plusieurs œuvres s'appellent « {title} », et rien ne les distingue."),
    "other_kind": ("A film is not a series.", "Un film n'est pas une série."),
    "unknown_numbering": ("The name does not say which episode it is.", "Le nom ne dit pas de quel épisode il s'agit."),
    "other_episode": ("It holds other episodes than the one wanted.", "Il contient d'autres épisodes que celui voulu."),
    # rules
    "refused_audio": ("The profile refuses {audio}.", "Le profil refuse {audio}."),
    "refused_source": ("The profile refuses {source}.", "Le profil refuse {source}."),
    "refused_word": ("The profile refuses “{word}”.", "Le profil refuse « {word} »."),
    "missing_word": ("The profile asks for “{word}”.", "Le profil exige « {word} »."),
    "foreign_dub": ("It is dubbed in {language}, which is neither French nor the original.", "C'est doublé en {language}, ni français ni version originale."),
    "hardcoded_subtitles": ("The subtitles are burnt into the picture.", "Les sous-titres sont incrustés."),
    "too_small": ("{size} MB is too little: at least {limit} MB are expected.", "{size} Mo, c'est trop peu : au moins {limit} Mo sont attendus."),
    "too_large": ("{size} MB is too much: at most {limit} MB are allowed.", "{size} Mo, c'est trop : {limit} Mo au plus sont admis."),
    "unknown_size": ("The indexer gives no size.", "L'indexeur n'indique pas de taille."),
    "sample": ("It is a sample.", "C'est un extrait."),
    "dangerous_file": ("It contains {file}, which could harm a computer.", "Il contient {file}, qui pourrait nuire à un ordinateur."),
    "no_video": ("Its file list holds no video.", "Sa liste de fichiers ne contient aucune vidéo."),
    "blocklisted": ("It failed before and is blocked.", "Il a déjà échoué et il est bloqué."),
    "already_queued": ("It is being downloaded.", "Il est en cours de téléchargement."),
    "queued_as_good": ("{name} is being downloaded and is as good.", "{name} est en cours de téléchargement et le vaut bien."),
    "few_seeders": ("{seeders} seeders; at least {limit} are needed.", "{seeders} sources ; il en faut au moins {limit}."),
    "before_air": ("It appeared before the episode was on air.", "Il est paru avant la diffusion de l'épisode."),
    "season_unfinished": ("It claims the whole season {season}, of which not every episode has been on air.", "Il annonce toute la saison {season}, dont certains épisodes n'ont pas été diffusés."),
    "several_seasons": ("It holds several seasons.", "Il contient plusieurs saisons."),
    "extras_only": ("It holds extras only.", "Il ne contient que des bonus."),
    "partial_pack_unknown": ("It is part of a season, and which episodes it holds is not known yet.", "C'est une partie de saison, et on ignore encore quels épisodes elle contient."),
    "late_correction": ("A correction replaces a file only in its first {days} days.", "Une correction ne remplace un fichier que dans ses {days} premiers jours."),
    "repack_of_other": ("A repack by {group} mends nothing of the file by {owner}.", "Un repack de {group} ne corrige pas le fichier de {owner}."),
    "already_have": ("The library has it as good or better.", "La bibliothèque l'a déjà, aussi bien ou mieux."),
    "below_floor": ("{points} points; the profile asks for {floor}.", "{points} points ; le profil en exige {floor}."),
    "disk_full": ("It needs {needed} MB with what is queued; {free} MB are free.", "Il faut {needed} Mo avec ce qui est en attente ; {free} Mo sont libres."),
    "accepted": ("{points} points, {floor} are asked.", "{points} points, {floor} exigés."),
    "accepted_fallback": ("{points} points: accepted at the lower floor of {floor}, {hours} h after the air time.", "{points} points : accepté au seuil abaissé de {floor}, {hours} h après la diffusion."),
    "pack_for_single": ("A pack for one episode: taken only when nothing else is there.", "Un pack pour un seul épisode : pris seulement faute d'autre chose."),
    # order
    "ahead_single": ("Ahead of the next: no pack is needed.", "Devant le suivant : aucun pack nécessaire."),
    "ahead_points": ("Ahead of the next by {points} points.", "Devant le suivant de {points} points."),
    "ahead_flavour": ("Ahead of the next: the preferred French version.", "Devant le suivant : la version française préférée."),
    "ahead_revision": ("Ahead of the next: a corrected release.", "Devant le suivant : une version corrigée."),
    "ahead_coverage": ("Ahead of the next: more of the wanted episodes.", "Devant le suivant : plus d'épisodes voulus."),
    "ahead_seeders": ("Ahead of the next: clearly more seeders.", "Devant le suivant : nettement plus de sources."),
    "ahead_size": ("Ahead of the next: the smaller size.", "Devant le suivant : la taille plus petite."),
    "ahead_name": ("Equal to the next; the name decides.", "À égalité avec le suivant ; le nom tranche."),
    "last": ("Nothing stands behind it.", "Rien ne le suit."),
    # upgrades
    "upgrade": ("{gain} points better in audio, video and source.", "{gain} points de mieux en audio, vidéo et source."),
    "small_gain": ("{gain} points better; at least {limit} are asked.", "{gain} points de mieux ; il en faut au moins {limit}."),
    "grabbed_before": ("It was grabbed before.", "Il a déjà été récupéré."),
    "too_many_upgrades": ("{count} upgrades in {days} days are enough.", "{count} améliorations en {days} jours suffisent."),
    "upgrades_off": ("Upgrades are switched off.", "Les améliorations sont désactivées."),
    "not_all_covered": ("It would replace a file with episodes that it does not hold.", "Il remplacerait un fichier contenant des épisodes qu'il n'a pas."),
    # score
    "points_audio": ("{points} for the audio: {what}.", "{points} pour l'audio : {what}."),
    "points_video": ("{points} for the picture: {what}.", "{points} pour l'image : {what}."),
    "points_source": ("{points} for the source: {what}.", "{points} pour la source : {what}."),
    "points_line_dub": ("{points}: the sound was recorded in a cinema.", "{points} : le son a été enregistré en salle."),
    "points_reliability": ("{points} for reliability: {seeders} seeders.", "{points} pour la fiabilité : {seeders} sources."),
    # windows
    "air_anilist": ("AniList gives the minute of the broadcast.", "AniList donne la minute de la diffusion."),
    "air_tvmaze": ("TVmaze gives the air time.", "TVmaze donne l'heure de diffusion."),
    "air_tmdb": ("TMDB gives the day only; nine in the evening in {zone} is assumed.", "TMDB ne donne que le jour ; 21 heures à {zone} est supposé."),
    "air_differs": ("TVmaze and TMDB differ by {hours} h: searching starts with the earlier, failure counts from the later.", "TVmaze et TMDB diffèrent de {hours} h : la recherche part du plus tôt, l'échec du plus tard."),
})  # fmt: skip

Value = str | int


@dataclass(frozen=True, slots=True)
class Reason:
    """A code that programs rely on, and what its sentence names. A lasting reason will not go away by waiting."""

    code: str
    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    lasting: bool = True

    def sentence(self, language: str = "en") -> str:
        """The reason for people; English where the language is not known."""
        index = LANGUAGES.index(language) if language in LANGUAGES else 0
        return _SENTENCES[self.code][index].format(**self.values)


def reason(code: str, *, lasting: bool = True, **values: Value) -> Reason:
    """A reason of the catalogue."""
    if code not in _SENTENCES:
        raise KeyError(f"No sentence is written for the reason {code!r}: add it to the catalogue")
    return Reason(code, MappingProxyType(values), lasting)


def codes() -> tuple[str, ...]:
    """Every code, for documentation and translation."""
    return tuple(_SENTENCES)
