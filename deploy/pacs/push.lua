-- Sends the radiographs of a study to `pleura pacs --listen` as soon as Orthanc holds the study to be complete.
-- Pleura sends the results back. They are not CR or DX, so they are not sent again.
--
-- In Orthanc's configuration:
--   "LuaScripts": ["/etc/orthanc/push.lua"],
--   "DicomModalities": {"pleura": ["PLEURA", "pleura", 11112]}

local MODALITIES = { CR = true, DX = true }

function OnStableStudy(studyId, tags, metadata)
  local radiographs = {}
  for _, series in pairs(ParseJson(RestApiGet('/studies/' .. studyId .. '/series'))) do
    if MODALITIES[series['MainDicomTags']['Modality']] then
      table.insert(radiographs, series['ID'])
    end
  end
  if #radiographs > 0 then
    -- A job of Orthanc: it holds up nothing here.
    RestApiPost('/modalities/pleura/store', DumpJson({ Resources = radiographs, Synchronous = false }, true))
  end
end
