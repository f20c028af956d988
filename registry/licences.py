"""The licences that a model may carry: free ones only, by SPDX identifier.

Free means what the Open Source Definition, the Free Software Definition or the Open Definition calls free. The reasons
for refusals name the clause, since many weights are published under licences that merely sound open.
Source of names and addresses: SPDX License List 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from registry.errors import UserError

FIELD = "licence"


class LicenceKind(StrEnum):
    """What a licence asks of those who pass the model on."""

    PUBLIC_DOMAIN = "public_domain"
    PERMISSIVE = "permissive"
    WEAK_COPYLEFT = "weak_copyleft"
    COPYLEFT = "copyleft"


@dataclass(frozen=True, slots=True)
class Licence:
    """An accepted licence. `marker` is a phrase that its full text surely contains, in lower case."""

    spdx: str
    name: str
    kind: LicenceKind
    marker: str = ""

    @property
    def url(self) -> str:
        """The licence's page in the SPDX list."""
        return f"https://spdx.org/licenses/{self.spdx}.html"


_P, _W, _C, _D = (
    LicenceKind.PERMISSIVE,
    LicenceKind.WEAK_COPYLEFT,
    LicenceKind.COPYLEFT,
    LicenceKind.PUBLIC_DOMAIN,
)
_GPL, _LGPL, _AGPL = "gnu general public license", "gnu lesser general public license", "gnu affero general public"
LICENCES: tuple[Licence, ...] = (
    Licence("Apache-2.0", "Apache License 2.0", _P, "apache license"),
    Licence("MIT", "MIT License", _P, "permission is hereby granted, free of charge"),
    Licence("BSD-3-Clause", 'BSD 3-Clause "New" or "Revised" License', _P, "redistribution and use in source"),
    Licence("BSD-2-Clause", 'BSD 2-Clause "Simplified" License', _P, "redistribution and use in source"),
    Licence("GPL-3.0-or-later", "GNU General Public License v3.0 or later", _C, _GPL),
    Licence("GPL-3.0-only", "GNU General Public License v3.0 only", _C, _GPL),
    Licence("GPL-2.0-or-later", "GNU General Public License v2.0 or later", _C, _GPL),
    Licence("GPL-2.0-only", "GNU General Public License v2.0 only", _C, _GPL),
    Licence("AGPL-3.0-or-later", "GNU Affero General Public License v3.0 or later", _C, _AGPL),
    Licence("AGPL-3.0-only", "GNU Affero General Public License v3.0 only", _C, _AGPL),
    Licence("LGPL-3.0-or-later", "GNU Lesser General Public License v3.0 or later", _W, _LGPL),
    Licence("LGPL-3.0-only", "GNU Lesser General Public License v3.0 only", _W, _LGPL),
    Licence("LGPL-2.1-or-later", "GNU Lesser General Public License v2.1 or later", _W, _LGPL),
    Licence("LGPL-2.1-only", "GNU Lesser General Public License v2.1 only", _W, _LGPL),
    Licence("MPL-2.0", "Mozilla Public License 2.0", _W, "mozilla public license"),
    Licence("EPL-2.0", "Eclipse Public License 2.0", _W, "eclipse public license"),
    Licence("EUPL-1.2", "European Union Public License 1.2", _C, "european union public licen"),
    Licence("CC0-1.0", "Creative Commons Zero v1.0 Universal", _D, "cc0 1.0 universal"),
    Licence("CC-BY-4.0", "Creative Commons Attribution 4.0 International", _P, "attribution 4.0"),
    Licence("CC-BY-3.0", "Creative Commons Attribution 3.0 Unported", _P, "attribution 3.0"),
    Licence("CC-BY-SA-4.0", "Creative Commons Attribution Share Alike 4.0 International", _C, "attribution-sharealike"),
    Licence("CC-BY-SA-3.0", "Creative Commons Attribution Share Alike 3.0 Unported", _C, "attribution-sharealike"),
    Licence("ODbL-1.0", "Open Data Commons Open Database License v1.0", _C, "open database license"),
    Licence("ODC-By-1.0", "Open Data Commons Attribution License v1.0", _P, "attribution license"),
    Licence("PDDL-1.0", "Open Data Commons Public Domain Dedication & License 1.0", _D, "public domain dedication"),
    Licence("CDLA-Permissive-2.0", "Community Data License Agreement Permissive 2.0", _P, "community data license"),
    Licence("Artistic-2.0", "Artistic License 2.0", _P, "artistic license"),
    Licence("BSL-1.0", "Boost Software License 1.0", _P, "boost software license"),
    Licence("ISC", "ISC License", _P, "permission to use, copy, modify, and"),
    Licence("Zlib", "zlib License", _P, "provided 'as-is', without any express or implied"),
    Licence("0BSD", "BSD Zero Clause License", _D, "permission to use, copy, modify, and/or distribute"),
    Licence("Unlicense", "The Unlicense", _D, "released into the public domain"),
)
_BY_FOLDED_ID = {licence.spdx.casefold(): licence for licence in LICENCES}

# In this order: an identifier may match several, and the first names the clause that weighs most.
_REFUSED_BEGINNINGS: tuple[tuple[str, str], ...] = (
    ("cc-by-nc", "licence.non_commercial"),
    ("cc-nc", "licence.non_commercial"),
    ("cc-by-nd", "licence.no_derivatives"),
    ("polyform-noncommercial", "licence.non_commercial"),
    ("prosperity", "licence.non_commercial"),
    ("openrail", "licence.use_restrictions"),
    ("creativeml-openrail", "licence.use_restrictions"),
    ("bigscience", "licence.use_restrictions"),
    ("bigcode-openrail", "licence.use_restrictions"),
    ("apple-", "licence.use_restrictions"),
    ("llama", "licence.use_restrictions"),
    ("gemma", "licence.use_restrictions"),
    ("falcon", "licence.use_restrictions"),
    ("tii-falcon", "licence.use_restrictions"),
    ("deepseek", "licence.use_restrictions"),
    ("qwen", "licence.use_restrictions"),
    ("tongyi", "licence.use_restrictions"),
    ("mistral", "licence.use_restrictions"),
    ("mrl", "licence.use_restrictions"),
    ("hippocratic", "licence.use_restrictions"),
    ("json", "licence.use_restrictions"),
    ("sspl", "licence.not_free"),
    ("busl", "licence.not_free"),
    ("elastic", "licence.not_free"),
    ("polyform", "licence.not_free"),
    ("proprietary", "licence.not_free"),
    ("unlicensed", "licence.not_free"),
    ("none", "licence.not_free"),
    ("other", "licence.unknown"),
)
_WITHOUT_SUFFIX = frozenset({"gpl-2.0", "gpl-3.0", "agpl-3.0", "lgpl-2.1", "lgpl-3.0"})


def licence_named(identifier: str) -> Licence | None:
    """The accepted licence of this SPDX identifier, without regard to case."""
    return _BY_FOLDED_ID.get(identifier.strip().casefold())


def judge_licence(identifier: str) -> Licence:
    """The accepted licence; `UserError` with the reason for one that is missing, unknown or not free."""
    found = licence_named(identifier)
    if found is not None:
        return found
    text = identifier.strip()
    folded = text.casefold()
    if not text:
        raise UserError("licence.missing", field=FIELD)
    if {"or", "and", "with"} & set(folded.split()):
        raise UserError("licence.expression", field=FIELD, licence=text[:60])
    bare = folded.removesuffix("+")
    if bare in _WITHOUT_SUFFIX:
        base = bare.upper()
        raise UserError(
            "licence.ambiguous", field=FIELD, licence=text, only=f"{base}-only", or_later=f"{base}-or-later"
        )
    code = next((code for beginning, code in _REFUSED_BEGINNINGS if folded.startswith(beginning)), "licence.unknown")
    raise UserError(code, field=FIELD, licence=text[:60])


def licence_choices() -> list[tuple[str, str]]:
    """(identifier, name) pairs for a form, the usual ones first."""
    return [(licence.spdx, licence.name) for licence in LICENCES]
