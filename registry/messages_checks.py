"""Texts of the checks, and of what people write into cards, licences and examples."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from registry.messages import Message

_FILES: dict[str, Message] = {
    "check.crashed": Message(
        _("This check broke off because of an error in the portal."),
        _("It says nothing about the model. Run the checks again; if it stays, tell an operator."),
    ),
    "names.passed": Message(
        ngettext_lazy("%(count)d file name is fine.", "%(count)d file names are fine.", "count"),
    ),
    "names.refused": Message(
        ngettext_lazy("%(count)d file name cannot be kept.", "%(count)d file names cannot be kept.", "count"),
        _("Some file systems, archives or pages would change these names. Rename the files and upload them again."),
    ),
    "names.case_twin": Message(_("Differs from “%(other)s” only in case, or is a file and a folder at once.")),
    "size.passed": Message(
        ngettext_lazy("%(count)d file, %(size_bytes)s.", "%(count)d files, %(size_bytes)s in all.", "count"),
    ),
    "size.refused": Message(
        _("The files are larger or more than the portal holds."),
        _("Remove what serving does not need, store weights in lower precision, or ask an operator for more room."),
    ),
    "size.file": Message(_("%(size_bytes)s; one file may have %(limit_bytes)s.")),
    "size.count": Message(_("%(count)s files; a version may have %(limit)s.")),
    "size.total": Message(_("%(size_bytes)s in all; a version may have %(limit_bytes)s.")),
    "size.quota": Message(_("Your versions hold %(used_bytes)s; your quota is %(limit_bytes)s.")),
    "format.passed": Message(_("“%(path)s” is a model in the format %(format)s, which holds data only.")),
    "format.refused": Message(
        ngettext_lazy("%(count)d file is refused.", "%(count)d files are refused.", "count"),
        _("Each is named below with what to do. Accepted are whole files in formats that hold data and no code."),
    ),
    "format.no_files": Message(
        _("There are no files yet."),
        _("Upload the model: skops, XGBoost JSON or UBJSON, LightGBM text or ONNX."),
    ),
    "format.no_model": Message(
        _("None of the files is a model."),
        _("Upload the model itself: skops, XGBoost JSON or UBJSON, LightGBM text or ONNX."),
    ),
    "format.several": Message(
        _("There are %(count)s model files; a version has exactly one."),
        _("Keep the one to be served and register the others as models of their own, so that each can be reviewed."),
    ),
    "format.is_model": Message(_("A model in the format %(format)s.")),
    "scan.clean": Message(
        ngettext_lazy(
            "The second scanner found nothing in %(count)d file.",
            "The second scanner found nothing in %(count)d files.",
            "count",
        ),
    ),
    "scan.refused": Message(
        ngettext_lazy(
            "The second scanner refuses %(count)d file.", "The second scanner refuses %(count)d files.", "count"
        ),
        _("A file that could run code, or that cannot be read to its end, is not accepted. Each is named below."),
    ),
}

_MODEL: dict[str, Message] = {
    "introspection.found": Message(_("%(type)s, written by %(framework)s %(version)s.")),
    "introspection.no_inputs": Message(
        _("%(type)s, written by %(framework)s %(version)s; the file does not name its inputs."),
        _("Describe the inputs in the card, and give examples: the trial run shows whether they fit."),
    ),
    "introspection.nothing": Message(
        _("The file tells nothing about its model."),
        _("Describe inputs and outputs in the card, and give examples: the trial run shows whether they fit."),
    ),
    "introspection.no_model": Message(
        _("There is no single model file to look into."),
        _("Mend what the check of the format says; this one follows."),
    ),
    "introspection.input": Message(_("Input %(name)s: %(datatype)s %(shape)s")),
    "introspection.output": Message(_("Output %(name)s: %(datatype)s %(shape)s")),
    "introspection.parameters": Message(_("Parameters: %(count)s")),
    "introspection.fact": Message(_("%(key)s: %(value)s")),
    "runtime.passed": Message(_("%(runtime)s can serve it.")),
    "runtime.none": Message(
        _("No runtime of this portal serves the format %(format)s."),
        _("Export the model in a format that is served: %(served)s. Or ask an operator for a runtime."),
    ),
    "runtime.no_model": Message(
        _("Without a model file no runtime can be chosen."),
        _("Mend what the check of the format says; this one follows."),
    ),
    "runtime.version": Message(
        _("%(runtime)s does not load what %(framework)s %(version)s wrote."),
        _(
            "It loads files written by %(framework)s %(accepts)s. Load and save the model with %(framework)s "
            "%(served_version)s and upload it again, or ask an operator for a newer runtime."
        ),
    ),
    "runtime.version_unknown": Message(
        _("%(runtime)s serves the format; which version of %(framework)s wrote the file is not known."),
        _("It loads files written by %(framework)s %(accepts)s. The trial run shows whether this one is among them."),
    ),
}

_CARD: dict[str, Message] = {
    "card.passed": Message(_("The card is complete.")),
    "card.empty": Message(
        _("There is no model card yet."),
        _("Answer the questions of the card's template: a reviewer and later users have nothing else to go by."),
    ),
    "card.incomplete": Message(
        ngettext_lazy("%(count)d thing is missing in the card.", "%(count)d things are missing in the card.", "count"),
        _("Write a sentence or more under each required heading. “We have not looked into this” is a fair answer."),
    ),
    "card.section_missing": Message(_("There is no section “%(title)s”.")),
    "card.section_empty": Message(_("The section “%(title)s” says next to nothing.")),
    "card.licence_differs": Message(_("The card's front matter says %(card)s, the form says %(licence)s.")),
    "card.too_large": Message(
        _("The text is too long: %(size)s bytes, with room for %(limit)s."),
        _("Shorten it, or move details to a page of their own and link it."),
    ),
    "card.not_text": Message(
        _("The text holds characters that are not text."),
        _("It may have been pasted from a binary file. Remove them and save again."),
    ),
    "card.too_slow": Message(
        _("The text could not be rendered within two seconds."),
        _("Very deep or unclosed brackets, emphasis or tables do this. Simplify these places and save again."),
    ),
    "card.too_complex": Message(
        _("Rendered, the text would be too large."),
        _("A very wide or long table does this. Shorten it, or link it as a file."),
    ),
    "card.renderer_busy": Message(
        _("The portal is too busy to render the text."), _("Your text is not at fault. Try again in a moment.")
    ),
    "card.renderer_failed": Message(
        _("The portal could not render the text."),
        _("Your text is not at fault. An operator must look into the log; try again later."),
    ),
    "card.front_matter_open": Message(
        _("The front matter that begins in line %(line)s has no end."),
        _("Add a line of three hyphens below it."),
    ),
    "card.front_matter_large": Message(
        _("The front matter is longer than %(limit)s bytes."), _("Move text to the card's sections.")
    ),
    "card.front_matter_mapping": Message(
        _("The front matter is not a list of names and values (line %(line)s)."),
        _("Write one “name: value” a line, such as “license: MIT”."),
    ),
    "card.yaml": Message(
        _("The front matter is not valid YAML: look at line %(line)s."),
        _("Common slips are a tab, an unclosed bracket, and a colon within a value: put such a value in quotes."),
    ),
    "card.yaml_feature": Message(
        _("Line %(line)s of the front matter uses an anchor, an alias or a tag."),
        _("Write the value out; if it begins with &, * or !, put it in quotes."),
    ),
    "card.yaml_deep": Message(
        _("Line %(line)s of the front matter nests more than %(limit)s levels deep."), _("Flatten it.")
    ),
    "card.yaml_key": Message(
        _("Line %(line)s of the front matter has a name that is not text."), _("Use a plain word before the colon.")
    ),
    "card.yaml_duplicate": Message(
        _("Line %(line)s of the front matter gives “%(key)s” a second time."), _("Keep one of them.")
    ),
}

_LICENCE: dict[str, Message] = {
    "licence.passed": Message(_("%(name)s is a free licence.")),
    "licence.file_differs": Message(
        _("“%(path)s” does not read like %(licence)s."),
        _("Make sure that the file and the licence chosen are the same; users will rely on both."),
    ),
    "licence.missing": Message(
        _("No licence is chosen."), _("Choose the licence under which everybody may use the model.")
    ),
    "licence.unknown": Message(
        _("“%(licence)s” is not among the licences accepted here."),
        _("Choose a free licence from the list, by its SPDX identifier. Ask an operator if a free one is missing."),
    ),
    "licence.expression": Message(
        _("“%(licence)s” joins several licences."),
        _("Choose the one under which the model is served here, and name the others in the card."),
    ),
    "licence.ambiguous": Message(
        _("“%(licence)s” does not say whether later versions apply."),
        _("Choose %(only)s or %(or_later)s."),
    ),
    "licence.non_commercial": Message(
        _("%(licence)s forbids commercial use, so it is not free."),
        _("Free means for any purpose. Ask the authors for another licence, such as CC-BY-4.0 or Apache-2.0."),
    ),
    "licence.no_derivatives": Message(
        _("%(licence)s forbids changed versions, so it is not free."),
        _("Free means that all may build on it. Ask the authors for another licence, such as CC-BY-SA-4.0."),
    ),
    "licence.use_restrictions": Message(
        _("%(licence)s forbids certain uses or users, so it is not free."),
        _("Free means for any purpose. Choose a model under a licence from the list, or ask the authors for one."),
    ),
    "licence.not_free": Message(
        _("%(licence)s is not a free licence."),
        _("Choose a licence from the list, if the rights are yours; otherwise ask the authors."),
    ),
}

_EXAMPLES: dict[str, Message] = {
    "examples.passed": Message(
        ngettext_lazy("%(count)d example is well formed.", "%(count)d examples are well formed.", "count"),
    ),
    "examples.none": Message(
        _("There is no example yet."),
        _("Give at least one request with the answer that you expect: it proves that the right model is served."),
    ),
    "examples.invalid": Message(
        ngettext_lazy("%(count)d example has a fault.", "%(count)d examples have a fault.", "count"),
        _("Correct them as said below. The trial run sends exactly these requests."),
    ),
    "examples.wide": Message(
        ngettext_lazy(
            "%(count)d example takes answers that are far off.",
            "%(count)d examples take answers that are far off.",
            "count",
        ),
        _("Make the tolerance smaller, or say in the card why the answers vary."),
    ),
    "examples.vague": Message(
        _("With the tolerance %(tolerance)s an answer may be off by more than half of an expected number."),
    ),
    "examples.json": Message(
        _("This is not valid JSON: look at line %(line)s, column %(column)s."),
        _("Common slips are a missing or surplus comma, single quotes, and an unclosed bracket."),
    ),
    "examples.json_values": Message(
        _("The JSON holds NaN, an infinity, an endless number or too many brackets."),
        _("Write finite numbers and flat lists."),
    ),
    "examples.not_list": Message(
        _("The examples must be a list."), _("Put them in square brackets, even if there is only one.")
    ),
    "examples.too_many": Message(
        _("%(count)s examples; a version may have %(limit)s."), _("Keep those that differ most.")
    ),
    "examples.too_large": Message(
        _("%(where)s: longer than %(limit)s bytes."), _("Give an example with fewer rows or a smaller input.")
    ),
    "examples.title_long": Message(_("%(where)s: longer than %(limit)s characters."), _("Shorten the title.")),
    "examples.too_deep": Message(_("%(where)s: nested more than %(limit)s levels deep."), _("Flatten it.")),
    "examples.not_object": Message(
        _("%(where)s: must be an object."), _('Write names and values in braces, such as {"inputs": […]}.')
    ),
    "examples.unknown_key": Message(
        _("%(where)s: “%(key)s” is not part of the protocol."), _("Check its spelling, or remove it.")
    ),
    "examples.bad_text": Message(
        _("%(where)s: not text, or with characters that are not text."), _("Write it as a plain JSON string.")
    ),
    "examples.bad_tolerance": Message(
        _("%(where)s: the tolerance must be a number, zero or above."), _("0.0001 is right for most models.")
    ),
    "examples.tolerance_wide": Message(
        _("%(where)s: with %(tolerance)s, a model that always answers zero would pass."),
        _("0.0001 is right for most models. For numbers above 1 it is a share of the expected one."),
    ),
    "examples.tensors_missing": Message(
        _("%(where)s: must list at least one tensor."),
        _("A tensor has a name, a shape, a datatype and data."),
    ),
    "examples.name_twice": Message(_("%(where)s: the name “%(name)s” is used twice."), _("Give each its own name.")),
    "examples.bad_name": Message(_("%(where)s: must be a name of 1 to 200 characters."), _("Add the name.")),
    "examples.bad_datatype": Message(_("%(where)s: must be a datatype of the protocol."), _("Use one of %(known)s.")),
    "examples.bad_shape": Message(
        _("%(where)s: must list 1 to %(limit)s lengths above zero."), _("A table of 2 rows and 4 columns is [2, 4].")
    ),
    "examples.data_missing": Message(_("%(where)s: must be a list of values."), _("Add the data.")),
    "examples.data_length": Message(
        _("%(where)s: %(found)s values, but the shape %(shape)s needs %(count)s."), _("Correct the data or the shape.")
    ),
    "examples.data_shape": Message(
        _("%(where)s: the nested lists do not have the shape %(shape)s."),
        _("Correct them, or write the values as one flat list."),
    ),
    "examples.bad_value": Message(
        _("%(where)s: not a value of its datatype."),
        _("BYTES takes strings, BOOL true or false, INT and UINT whole numbers, FP any number."),
    ),
    "examples.out_of_range": Message(
        _("%(where)s: out of the range of %(datatype)s."), _("Use a wider datatype or correct the value.")
    ),
    "examples.not_finite": Message(
        _("%(where)s: not a finite number."),
        _("JSON and the protocol have no NaN and no infinity. Use a finite value."),
    ),
    "examples.bad_outputs": Message(
        _("%(where)s: must list the outputs asked for by name."), _('Write [{"name": "…"}], or leave it out for all.')
    ),
    "examples.output_not_expected": Message(
        _("The request asks for “%(name)s”, but the expected answer lacks it."), _("Add it to the expected outputs.")
    ),
    "examples.input_names": Message(
        _("%(where)s: the model's inputs are %(expected)s, not %(found)s."), _("Use the model's own names, each once.")
    ),
    "examples.input_shape": Message(
        _("%(where)s: the model takes the shape %(expected)s, not %(found)s."), _("Correct the shape and the data.")
    ),
    "examples.input_datatype": Message(
        _("%(where)s: the model takes %(expected)s, not %(found)s."), _("Text is BYTES; everything else is numbers.")
    ),
    "examples.answer_malformed": Message(
        _("The answer does not follow the protocol (%(where)s)."),
        _("The model or its runtime is at fault; its log, shown beside the trial run, may say why."),
    ),
    "examples.output_missing": Message(
        _("The answer lacks the output “%(output)s”."), _("Correct the name in the expected answer.")
    ),
    "examples.datatype_differs": Message(
        _("Output “%(output)s” is %(actual)s; expected was %(expected)s."), _("Correct the expected answer.")
    ),
    "examples.shape_differs": Message(
        _("Output “%(output)s” has the shape %(actual)s; expected was %(expected)s."), _("Correct the expected answer.")
    ),
    "examples.answer_not_finite": Message(
        _("Output “%(output)s”, value %(index)s: the model answers %(actual)s; expected was %(expected)s."),
        _("NaN matches nothing. Mend the model or give an input that it can handle."),
    ),
    "examples.differs": Message(
        _("Output “%(output)s”, value %(index)s: the model answers %(actual)s; expected was %(expected)s."),
        _("Correct the expected answer, or widen the tolerance (%(tolerance)s) if both are right."),
    ),
    "examples.differs_text": Message(
        _("Output “%(output)s”, value %(index)s: the model answers “%(actual)s”; expected was “%(expected)s”."),
        _("Text and booleans must be equal. Correct the expected answer, or mend the model."),
    ),
}

CHECK_MESSAGES: dict[str, Message] = {**_FILES, **_MODEL, **_CARD, **_LICENCE, **_EXAMPLES}
