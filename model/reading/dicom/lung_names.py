"""Codes and names that mean the lungs, a lung or a lobe, but not a nodule, vessel or bronchus in it."""

from __future__ import annotations

import re
import unicodedata


def _words(name: str) -> list[str]:
    """Split a name into words in lower case without accents; digits and camel-case parts are words too."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()
    decomposed = unicodedata.normalize("NFKD", spaced.translate(str.maketrans("łøı", "loi")))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return re.findall(r"[^\W\d_]+|\d+", unicodedata.normalize("NFC", plain))


_SCT = {
    "39607008": "lung",
    "181216001": "entire lung",
    "3341006": "right lung",
    "44029006": "left lung",
    "74101002": "both lungs",
    "31094006": "lobe",
    "45653009": "upper lobe",
    "40020002": "middle lobe",
    "90572001": "lower lobe",
    "42400003": "upper lobe, right",
    "72481006": "middle lobe, right",
    "266005": "lower lobe, right",
    "44714003": "upper lobe, left",
    "41224006": "lower lobe, left",
    "50837003": "lingula",
    "86598002": "apex",
    "72674008": "segment",
    "281392002": "upper zone",
    "281393007": "middle zone",
    "281394001": "lower zone",
}
_SRT = {
    "T-28000": "lung",
    "T-28100": "right lung",
    "T-28500": "left lung",
    "T-28770": "lobe",
    "T-28820": "upper lobe",
    "T-28825": "middle lobe",
    "T-28830": "lower lobe",
    "T-28200": "upper lobe, right",
    "T-28300": "middle lobe, right",
    "T-28400": "lower lobe, right",
    "T-28600": "upper lobe, left",
    "T-28700": "lower lobe, left",
    "T-280A0": "apex",
    "T-280D0": "segment",
    "T-D3208": "upper zone",
    "T-D3209": "middle zone",
    "T-D320A": "lower zone",
}
_FMA = {"7195": "lung", "7309": "right lung", "7310": "left lung"}
_CODES = {"SCT": _SCT, "SRT": _SRT, "SNM3": _SRT, "99SDM": _SRT, "FMA": _FMA}
_GENERIC = {
    "85756007": "tissue",
    "T-D0050": "tissue",
    "91723000": "anatomical structure",
    "T-D0005": "anatomical structure",
    "113343008": "organ",
    "T-D0060": "organ",
    "123037004": "body structure",
    "T-D000A": "body structure",
}
"""The default codes of segmentation editors."""

_LUNG_WORDS = frozenset(
    _words(
        """
        lung lungs pulmo pulmones pulmonary Lunge Lungen Lungenflügel Lungenfeld Lungenfelder poumon
        poumons pulmonaire pulmonaires pulmón pulmones pulmonar pulmonares pulmão pulmões polmone
        polmoni polmonare polmonari plămân plămâni long longen linkerlong rechterlong lunga lungor
        lunger lungene lungerne keuhko keuhkot kops kopsud płuco płuca plíce plicní pľúca pluća
        pljuča tüdő akciğer akciğerler πνεύμονας πνεύμονες лёгкое лёгкие лёгкого лёгких легеня
        легені 폐 좌폐 우폐 양폐 paru phổi ปอด رئة الرئة الرئتان الرئتين ריאה ריאות
        """
    )
)
_OTHER_WORDS = frozenset(
    _words(
        """
        right left r l rt lt both bilateral total whole entire all rechts links rechte linke rechter
        linker beide droit droite gauche deux destro destra sinistro sinistra dx sx derecho derecha
        izquierdo izquierda ambos direito direita esquerdo esquerda prawe prawy lewe lewy pravé levé
        dexter sinister höger vänster oikea vasen sağ sol kanan kiri drept stâng правое левое
        правого левого 왼쪽 오른쪽 양쪽 좌측 우측 upper middle lower superior inferior medius obere untere
        mittlere lobe lobes lobus lobo zone zones field fields area areas region regions campo campi
        champ champs structure organ parenchyma parenchyme mask masks maske masque máscara maschera
        segmentation seg segment label roi of the and a de du des le les la el und et e y i
        """
    )
)
_EAST_ASIAN = re.compile(
    "[左右两兩双雙両全侧側上中下野葉叶部区區域领領实實质質の]*肺[左右两兩双雙両全侧側上中下野葉叶部区區域领領实實质質の]*"
)
_NOTHING_WORDS = frozenset(
    _words("segment seg label roi mask region object class foreground annotation untitled unnamed new")
)


def is_lung_code(value: str, scheme: str) -> bool:
    """Return whether a code means lung; a code of an unknown scheme does not.

    Args:
        value: Code Value.
        scheme: Coding Scheme Designator.
    """
    return value in _CODES.get(scheme.upper(), ())


def is_generic_code(value: str) -> bool:
    """Return whether a code means only that there is a structure."""
    return value in _GENERIC


def is_lung_name(name: str) -> bool:
    """Return whether a name is one of lungs, with a word that means lung: ``Left lung``, ``Lunge rechts``."""
    words = _words(name)
    if words and all(_EAST_ASIAN.fullmatch(word) for word in words):
        return True
    return not _LUNG_WORDS.isdisjoint(words) and all(
        word in _LUNG_WORDS or word in _OTHER_WORDS or word.isdecimal() for word in words
    )


def says_nothing(name: str) -> bool:
    """Return whether a name has no meaning: empty, ``Segment_1``, ``2``."""
    return all(word in _NOTHING_WORDS or word.isdecimal() for word in _words(name))
