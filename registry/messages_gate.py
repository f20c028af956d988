"""What people read when the gate or the scanner refuses a file, by message id."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

_AGAIN = _("Save the model again with the library that wrote it, and upload the new file.")
_RENAME = _("Rename the file on your computer and upload it again.")
_CONVERT = _("Convert the model on your computer with the command shown, then upload the new file.")
_REPACK = _("Write the file again with skops or numpy and upload what they wrote, unchanged by an archive program.")

GATE_MESSAGES: dict[str, Message] = {
    # Names
    "gate.name_empty": Message(_("The file has no name, or a folder in its path has none."), _RENAME),
    "gate.name_absolute": Message(_("The file name starts at the root of a disk."), _RENAME),
    "gate.name_backslash": Message(_("The file name contains a backslash."), _RENAME),
    "gate.name_bidi": Message(
        _("The file name contains characters that change the writing direction."),
        _("They can make a name look like another one. Rename the file without them."),
    ),
    "gate.name_control": Message(_("The file name contains invisible characters."), _RENAME),
    "gate.name_not_nfc": Message(
        _("The file name uses letters composed of several characters."),
        _("The same name would look different to different systems. Type the name anew and upload the file again."),
    ),
    "gate.name_long": Message(
        _("The file name is too long."), _("A path may have 200 characters, and a single name 255 bytes.")
    ),
    "gate.name_deep": Message(_("The file lies too deep."), _("At most ten levels of folders are kept.")),
    "gate.name_parent": Message(_("The file name points to another folder."), _RENAME),
    "gate.name_space": Message(_("The file name begins or ends with a space, or ends with a dot."), _RENAME),
    "gate.name_hidden": Message(
        _("The file name begins with a dot."),
        _("Hidden files are not kept. Rename the file if it is part of the model."),
    ),
    "gate.name_characters": Message(
        _("The file name contains a character that some systems do not allow."),
        _('Rename the file without < > : " | ? and *.'),
    ),
    "gate.name_reserved": Message(_("The file name is reserved on Windows."), _RENAME),
    # Families that are never accepted
    "gate.pickle": Message(
        _("This is a pickle, which is a program and not only data."),
        _("Loading a pickle runs whatever it contains. Save the model in a format that holds data only."),
    ),
    "gate.torch": Message(
        _("PyTorch checkpoints are pickles and are not accepted."),
        _("Save the weights as safetensors, or export the model to ONNX, with one of the commands shown."),
    ),
    "gate.mar": Message(_("TorchServe archives carry code and are not accepted."), _CONVERT),
    "gate.hdf5": Message(
        _("HDF5 models may contain code and are not accepted."), _("Export the model to ONNX with the command shown.")
    ),
    "gate.keras": Message(
        _("Keras archives are not accepted yet."), _("Export the model to ONNX with the command shown.")
    ),
    "gate.savedmodel": Message(
        _("TensorFlow graphs can read and write files and are not accepted."),
        _("Convert the model to ONNX with the command shown."),
    ),
    "gate.pmml": Message(_("PMML is not accepted."), _CONVERT),
    "gate.catboost": Message(_("CatBoost's own format is not accepted."), _CONVERT),
    "gate.coreml": Message(_("Core ML models are not accepted."), _("Export the original model to ONNX.")),
    "gate.llamafile": Message(_("This file is a program, or an outdated GGML file."), _("Upload the model as GGUF.")),
    "gate.archive": Message(
        _("Archives are not accepted."), _("Unpack it on your computer and upload the files inside one by one.")
    ),
    "gate.code": Message(
        _("Program code is not accepted with a model that holds data only."),
        _("Remove the file. What it explains can stand in the model card."),
    ),
    "gate.executable": Message(_("Programs and compiled libraries are not accepted."), _("Remove the file.")),
    # Any format
    "gate.unknown": Message(
        _("Files ending in “%(extension)s” are not accepted."), _("Accepted model files end in %(accepted)s.")
    ),
    "gate.empty": Message(_("The file is empty."), _("Look at it on your computer and upload it again.")),
    "gate.too_large": Message(
        _("The file, or a part of it, is larger than its format allows."),
        _("Large weights fit safetensors, ONNX or XGBoost's UBJSON; long texts belong into the model card."),
    ),
    "gate.mismatch": Message(
        _("The file ends in “%(extension)s”, but its content is something else."),
        _("It looks like: %(found)s. Upload the file that the training library wrote, under its own extension."),
    ),
    "gate.truncated": Message(
        _("The file ends too early."), _("Its content announces more bytes than it has. Upload the whole file.")
    ),
    "gate.trailing": Message(_("There are bytes after the end of the model."), _AGAIN),
    "gate.polyglot": Message(_("An archive is hidden at the end of the file."), _AGAIN),
    "gate.malformed": Message(_("The file cannot be read as what it says it is."), _AGAIN),
    "gate.memory": Message(
        _("Reading the file took more memory than is allowed."),
        _("Make the model smaller, or choose a binary format: UBJSON for XGBoost, ONNX for most others."),
    ),
    "gate.timeout": Message(
        _("Checking the file took longer than a minute."), _("Make the model smaller, or choose a binary format.")
    ),
    "gate.crashed": Message(
        _("The file made its check break down."),
        _("Nothing else was affected. If the model loads on your computer, tell an operator the code %(code)s."),
    ),
    "gate.blob_missing": Message(
        _("The content of “%(path)s” is gone from the store."), _("Upload the file again, and tell an operator.")
    ),
    # Side files
    "gate.side_not_text": Message(
        _("The file is not plain text."), _("Documentation, settings and tables have to be UTF-8 text.")
    ),
    "gate.yaml_object": Message(
        _("The file contains a YAML tag that builds objects of a program."), _("Remove the tag and keep plain values.")
    ),
    "gate.json_code": Message(
        _("The settings name code to import (“%(key)s”)."), _("Remove that entry: only data are accepted.")
    ),
    "gate.json_invalid": Message(_("The file is not valid JSON."), _AGAIN),
    "gate.json_depth": Message(
        _("The data are nested more than %(limit)s levels deep."), _("No honest model needs this. Save it again.")
    ),
    "gate.json_count": Message(
        _("The file has more than %(limit)s separate values."), _("Make the model smaller, or choose a binary format.")
    ),
    "gate.json_duplicate": Message(
        _("The key “%(key)s” stands twice in the same object."),
        _("Two programs could read two different models from it. Save the model again."),
    ),
    # Archives inside skops and npz
    "gate.zip_end": Message(_("The archive inside the file is damaged."), _REPACK),
    "gate.zip_empty": Message(_("The archive inside the file is empty."), _REPACK),
    "gate.zip_comment": Message(_("The archive carries a comment or bytes after its end."), _REPACK),
    "gate.zip_prefix": Message(_("There are bytes in the archive that belong to no file."), _REPACK),
    "gate.zip_overlap": Message(_("Two files overlap in the archive."), _REPACK),
    "gate.zip_duplicate": Message(_("A name stands twice in the archive."), _REPACK),
    "gate.zip_case": Message(_("Two names in the archive differ only by upper and lower case."), _REPACK),
    "gate.zip_name": Message(_("A name in the archive is not allowed, or given in two ways."), _REPACK),
    "gate.zip_size": Message(_("A size in the archive is wrong."), _REPACK),
    "gate.zip_crc": Message(_("A checksum in the archive is wrong."), _REPACK),
    "gate.zip_flags": Message(_("A file in the archive has flags that are not allowed."), _REPACK),
    "gate.zip_encrypted": Message(_("A file in the archive is encrypted."), _REPACK),
    "gate.zip_descriptor": Message(_("A file in the archive gives its size only after its data."), _REPACK),
    "gate.zip_method": Message(_("A file in the archive is compressed in a way that is not allowed."), _REPACK),
    "gate.zip_extra": Message(_("A file in the archive carries extra fields."), _REPACK),
    "gate.zip_link": Message(_("The archive contains a link or a folder."), _REPACK),
    "gate.zip_count": Message(_("The archive holds %(count)s files, more than %(limit)s."), _REPACK),
    "gate.zip_bomb": Message(
        _("The archive unpacks to far more than its own size."), _("Save the model without compression.")
    ),
    # numpy
    "gate.npy_header": Message(_("The array's header is damaged."), _AGAIN),
    "gate.npy_object": Message(
        _("The array holds Python objects, which are stored as a pickle."),
        _("Convert the array to numbers or text before saving it."),
    ),
    "gate.npy_size": Message(_("The array has more or fewer bytes than its header says."), _AGAIN),
    "gate.npz_member": Message(
        _("The archive holds “%(member)s”, which is no array."), _("Save only arrays, with numpy.savez.")
    ),
    # skops
    "gate.skops_schema": Message(_("The description inside the skops file is damaged."), _AGAIN),
    "gate.skops_protocol": Message(
        _("The file uses skops protocol %(protocol)s, but %(expected)s is needed."),
        _("Load the model and save it again with skops 0.10 or newer."),
    ),
    "gate.skops_node": Message(
        _("The file wants to call “%(name)s” (%(node)s) when it is loaded."),
        _("Only data are accepted. Use estimators that do without functions of their own."),
    ),
    "gate.skops_type": Message(
        _("The file contains “%(name)s”, which is not on the list of trusted classes and functions."),
        _("Use scikit-learn's own estimators and numpy's functions, or export the model to ONNX."),
    ),
    "gate.skops_id": Message(_("Two different parts of the skops file claim to be the same object."), _AGAIN),
    "gate.skops_member": Message(_("“%(member)s” in the skops file is missing or not used."), _AGAIN),
    "gate.skops_tree": Message(
        _("The nodes of a tree point outside of it."), _("Such a model could crash whoever loads it. Train it again.")
    ),
    "gate.skops_sparse": Message(
        _("A sparse matrix points outside of its shape, or has a format other than csr, csc and coo."),
        _("Convert it with tocsr() before saving. Such a model could crash whoever loads it."),
    ),
    "gate.skops_index": Message(
        _("“%(name)s” points outside of the columns that it announces."),
        _("Such a model could crash whoever loads it. Train it again."),
    ),
    "gate.skops_init": Message(
        _("The boosted trees do not start from scikit-learn's own constant or from zero."),
        _("Leave out “init” when you create the estimator, and fit it again."),
    ),
    "gate.skops_categories": Message(
        _("Histogram gradient boosting with categorical features holds a function, which is not accepted."),
        _("Put an OrdinalEncoder before it in a pipeline, set categorical_features=None and fit it again."),
    ),
    "gate.skops_reads_files": Message(
        _("“%(name)s” is set to read files by the names in a request."),
        _("Set input=“content” before fitting, so that the model gets the text itself."),
    ),
    # XGBoost
    "gate.xgboost_model": Message(_("The XGBoost model is incomplete: %(part)s."), _AGAIN),
    "gate.xgboost_count": Message(_("A count in the XGBoost model is wrong: %(part)s."), _AGAIN),
    "gate.xgboost_index": Message(
        _("An index in the XGBoost model points outside: %(part)s."),
        _("Such a model could crash whoever loads it. Save it again with save_model."),
    ),
    "gate.ubj_invalid": Message(_("The file is not valid UBJSON at byte %(offset)s."), _AGAIN),
    # LightGBM
    "gate.lightgbm_header": Message(_("The LightGBM model has a line that cannot be right: %(part)s."), _AGAIN),
    "gate.lightgbm_count": Message(_("A count in the LightGBM model is wrong: %(part)s."), _AGAIN),
    "gate.lightgbm_index": Message(
        _("An index in the LightGBM model points outside: %(part)s."),
        _("Such a model could crash whoever loads it. Save it again with save_model."),
    ),
    # ONNX
    "gate.protobuf": Message(_("The ONNX file is damaged at byte %(offset)s."), _AGAIN),
    "gate.onnx_version": Message(
        _("The ONNX version of the file (IR %(version)s) is not supported."),
        _("Export the model with IR version 3 to %(limit)s."),
    ),
    "gate.onnx_graph": Message(_("The ONNX file has no complete graph."), _AGAIN),
    "gate.onnx_field": Message(
        _("The ONNX file has a field that is not part of the format (%(message)s %(field)s)."), _AGAIN
    ),
    "gate.onnx_domain": Message(
        _("The model uses operators of “%(domain)s”, which are not part of ONNX."),
        _("Export it with operators of ai.onnx and ai.onnx.ml only."),
    ),
    "gate.onnx_external": Message(
        _("The weights are stored in another file."),
        _("Save the model with its weights inside, with the command shown."),
    ),
    "gate.onnx_functions": Message(
        _("The model defines functions of its own."), _("Inline them with the command shown and save the model again.")
    ),
    "gate.onnx_training": Message(_("The file contains training steps."), _("Export the model for inference only.")),
    "gate.onnx_depth": Message(_("The graphs are nested more than %(limit)s levels deep."), _AGAIN),
    "gate.onnx_count": Message(_("The model has more than %(limit)s parts."), _("Make the model smaller.")),
    "gate.onnx_tensor": Message(_("A tensor's size does not agree with its shape."), _AGAIN),
    # safetensors and GGUF
    "gate.safetensors_header": Message(_("The header is wrong at “%(tensor)s”."), _AGAIN),
    "gate.safetensors_offsets": Message(_("The tensors do not cover the data exactly once."), _AGAIN),
    "gate.gguf_header": Message(_("The GGUF header is wrong: %(part)s."), _AGAIN),
    "gate.gguf_count": Message(_("A count in the GGUF file is too large: %(part)s, %(count)s."), _AGAIN),
    "gate.gguf_layout": Message(_("The tensors of the GGUF file overlap or leave gaps."), _AGAIN),
    "gate.gguf_tensor": Message(_("A tensor in the GGUF file is wrong: %(tensor)s."), _AGAIN),
    # The second opinion
    "scan.dangerous": Message(
        _("The security scanner found code that loading the file would run."),
        _("Save the model in a format that holds data only."),
    ),
    "scan.unreadable": Message(
        _("The security scanner could not read the file."),
        _("A file that cannot be checked is refused. Save it again."),
    ),
    "scan.nothing": Message(
        _("The security scanner found nothing in the file that it could check."),
        _("A file that cannot be checked is refused. Save the model in another format."),
    ),
    "scan.timeout": Message(
        _("The security scanner took longer than a minute."), _("Try again later; if it stays, make the model smaller.")
    ),
    "scan.failed": Message(
        _("The security scanner failed, so the file is refused."), _("Try again; if it stays, tell an operator.")
    ),
    "scan.missing": Message(
        _("The security scanner is not installed, so every file is refused."), _("Tell an operator.")
    ),
}
