# A picture (SVG) of the spans in a trace of `lxr pull --trace`: a bar for each, in the order of their beginnings.
def text($s): $s | gsub("&"; "&amp;") | gsub("<"; "&lt;");
(if type == "array" then . else .traceEvents end) | map(select(.ph == "X")) | sort_by(.ts) as $spans
| ($spans | map(.ts) | min) as $begin | ($spans | map(.ts + .dur) | max) as $last
| (1000 / ($last - $begin)) as $scale | ($spans | length * 22 + 60) as $height
| {"receive": "#4c78a8", "inflate": "#f58518", "verify": "#54a24b", "store": "#b279a2", "layer": "#bab0ac"} as $colours
| "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1240\" height=\"\($height)\" font-family=\"sans-serif\" font-size=\"12\">",
  "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
  (range(0; 11) as $i | ($i * 100) as $x | "<line x1=\"\(220 + $x)\" y1=\"24\" x2=\"\(220 + $x)\" y2=\"\($height - 20)\" stroke=\"#ddd\"/><text x=\"\(220 + $x)\" y=\"16\" text-anchor=\"middle\">\(($x / $scale / 1000) | round) ms</text>"),
  ($spans | to_entries[] | .value as $s | (.key * 22 + 30) as $y
   | "<text x=\"4\" y=\"\($y + 13)\">\(text($s.name + " " + ($s.args.subject // ""))[:34])</text>",
     "<rect x=\"\(220 + ($s.ts - $begin) * $scale)\" y=\"\($y)\" width=\"\([$s.dur * $scale, 1] | max)\" height=\"17\" fill=\"\($colours[$s.name] // "#72b7b2")\"><title>\(text($s.name)) \($s.dur / 1000) ms</title></rect>"),
  "</svg>"
