-- Random users out of a file of "path tag" lines; with a tag the request asks whether it is still the same.
local paths, tags = {}, {}
for line in io.lines(os.getenv("FOOTFALL_READS")) do
  local path, tag = line:match("^(%S+) ?(.*)$")
  paths[#paths + 1] = path
  tags[#tags + 1] = tag
end

function init()
  math.randomseed(tonumber(os.getenv("FOOTFALL_SEED")))
end

function request()
  local n = math.random(#paths)
  if tags[n] == "" then
    return wrk.format("GET", paths[n])
  end
  return wrk.format("GET", paths[n], { ["If-None-Match"] = tags[n] })
end

-- Counts in this script would cost the load generator: what is no 2xx or 3xx is counted by wrk itself.
function done(summary, latency, _)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), broken, errors.status))
end
