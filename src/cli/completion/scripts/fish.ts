/** The completion script for fish. */
export const FISH_SCRIPT = String.raw`# Completion of warren and wrn for fish.
function __warren_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l program (command -s (basename -- $typed[1]))
    test -n "$program"; or set program $typed[1]
    set -e typed[1]
    for answer in ($program __complete -- $typed $current 2>/dev/null)
        switch $answer
            case ':files' ':directories'
                set -l part (string replace -r -- '^--[^=]*=' '' $current)
                set -l kept (string sub -l (math (string length -- "$current") - (string length -- "$part")) -- "$current")
                for path in (__fish_complete_path $part)
                    printf '%s%s\n' "$kept" $path
                end
            case ':*'
            case '*'
                printf '%s\n' $answer
        end
    end
end
for name in warren wrn
    complete -c $name -e
    complete -c $name -f -a '(__warren_complete)'
end
`;
